"""Installs locked packages into an environment with pip, and says how far it is; pip's own words only when it fails.

    python infra/fetch.py VENV_PYTHON LOCK…

Standard library only, as it runs before anything is installed. Exit code: pip's.
"""

# ruff: noqa: INP001 - a script, no package
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: A line for so many per cent.
STEP = 20


def main() -> int:
    python, *locks = sys.argv[1:]
    total = sum(line[:1].isalnum() for lock in locks for line in Path(lock).read_text(encoding="utf-8").splitlines())
    # Not compiled: what is used is compiled at its first import, the rest never.
    command = [python, "-m", "pip", "install", "--no-compile", "--disable-pip-version-check", "--no-color"]
    command += ["--progress-bar", "off", "--require-hashes"]
    for lock in locks:
        command += ["-r", lock]
    said: list[str] = []
    fetched, next_step = 0, STEP
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:  # noqa: S603 - pip of the environment
        for line in pip.stdout or ():
            said.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied")):
                fetched += 1
                while total and fetched * 100 >= next_step * total:
                    _say(f"  fetching {total} packages: {next_step} %")
                    next_step += STEP
            elif line.startswith("Installing collected packages"):
                _say("  unpacking them")
    if pip.returncode:
        sys.stderr.writelines(said[-30:])
    return pip.returncode


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
