"""Installs locked packages into an environment with pip, and says how far it is; pip's own words only when it fails.

    python infra/fetch.py VENV_PYTHON LOCK…     the packages of the locks
    python infra/fetch.py VENV_PYTHON .         the project in this folder, as it stands

Standard library only, as it runs before anything is installed. An environment without pip is filled by the pip that
comes with Python, run from its wheel: unpacking it first takes as long as starting the product. Exit code: pip's.
"""

# ruff: noqa: INP001 - a script, no package
from __future__ import annotations

import ensurepip
import subprocess
import sys
import sysconfig
from pathlib import Path

#: A line for so many per cent.
STEP = 20


def main() -> int:
    python, *wanted = sys.argv[1:]
    pip = [python, *_pip_of(python), "install", "--disable-pip-version-check", "--no-color"]
    if wanted == ["."]:
        command = [*pip, "--quiet", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."]
        return subprocess.run(command, check=False).returncode  # noqa: S603 - pip of the environment
    return _install_locked(pip, wanted)


def _pip_of(python: str) -> list[str]:
    """Returns the arguments that run pip in that environment: its own, else the one bundled with Python."""
    if not subprocess.run([python, "-m", "pip", "--version"], check=False, capture_output=True).returncode:  # noqa: S603
        return ["-m", "pip"]
    # Debian keeps the wheels of ensurepip in a folder of its own.
    debian = sysconfig.get_config_var("WHEEL_PKG_DIR")
    folders = [Path(ensurepip.__file__).parent / "_bundled", *([Path(debian)] if debian else [])]
    for wheel in (wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))):
        return [str(wheel / "pip")]
    subprocess.run([python, "-m", "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    return ["-m", "pip"]


def _install_locked(pip: list[str], locks: list[str]) -> int:
    total = sum(line[:1].isalnum() for lock in locks for line in Path(lock).read_text(encoding="utf-8").splitlines())
    # Not compiled: what is used is compiled at its first import, the rest never.
    command = [*pip, "--no-compile", "--progress-bar", "off", "--require-hashes"]
    for lock in locks:
        command += ["-r", lock]
    said: list[str] = []
    fetched, next_step = 0, STEP
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:  # noqa: S603 - pip of the environment
        for line in process.stdout or ():
            said.append(line)
            if line.startswith(("Collecting ", "Requirement already satisfied")):
                fetched += 1
                while total and fetched * 100 >= next_step * total:
                    _say(f"  fetching {total} packages: {next_step} %")
                    next_step += STEP
            elif line.startswith("Installing collected packages"):
                _say("  unpacking them")
    if process.returncode:
        sys.stderr.writelines(said[-30:])
    return process.returncode


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
