"""Installs locked packages into an environment, and says how far it is; an installer's own words only when it fails.

    python infra/fetch.py VENV_PYTHON LOCK… [.]     the packages of the locks; with "." this project too, as it stands

Standard library only, as it runs before anything is installed. uv unpacks in a second what takes pip nine: pip fetches
the pinned uv into a temporary folder and says where it looks for packages itself (a company's mirror).
Where uv is not to be had or fails, pip does the work; an environment without pip is filled by the pip that comes with
Python, run from its wheel. Exit code: the last installer's.
"""

# ruff: noqa: INP001, S603 - a script, no package; it runs installers
from __future__ import annotations

import ast
import ensurepip
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

UV_LOCK = Path(__file__).with_name("installer.lock")
PROJECT = "."
#: A line for so many per cent.
STEP = 20
#: What pip's configuration calls the places of packages, and uv. Hashes decide, not which place comes first.
PLACES = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
    "trusted-host": "--allow-insecure-host",
}
DOWNLOAD = re.compile(r"\s*(Downloading|Downloaded) (\S+)(?: \(([\d.]+)([KMG]?)iB\))?")
SIZES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def main() -> int:
    python, *wanted = sys.argv[1:]
    pip = [python, *_pip_of(python), "--disable-pip-version-check", "--no-color"]
    locks = [each for each in wanted if each != PROJECT]
    with TemporaryDirectory(prefix="huikuan-install-") as folder:
        uv = _fetched_uv(pip, folder)
        by_uv = [uv, "pip", "install", "--python", python]
        if uv and not _install_by_uv(by_uv, pip, locks):
            return _install_project(by_uv) if PROJECT in wanted else 0
    return _install_by_pip(pip, locks) or (_install_project([*pip, "install"]) if PROJECT in wanted else 0)


def _install_project(install: list[str]) -> int:
    command = [*install, "--quiet", "--quiet", "--no-deps", "--no-build-isolation", "--editable", PROJECT]
    return subprocess.run(command, check=False).returncode


def _pip_of(python: str) -> list[str]:
    """Returns the arguments that run pip in that environment: its own, else the one bundled with Python."""
    if not subprocess.run([python, "-m", "pip", "--version"], check=False, capture_output=True).returncode:
        return ["-m", "pip"]
    # Debian keeps the wheels of ensurepip in a folder of its own.
    debian = sysconfig.get_config_var("WHEEL_PKG_DIR")
    folders = [Path(ensurepip.__file__).parent / "_bundled", *([Path(debian)] if debian else [])]
    for wheel in (wheel for folder in folders for wheel in sorted(folder.glob("pip-*.whl"))):
        return [str(wheel / "pip")]
    subprocess.run([python, "-m", "ensurepip", "--default-pip"], check=True, stdout=subprocess.DEVNULL)
    return ["-m", "pip"]


def _fetched_uv(pip: list[str], folder: str) -> str:
    """Returns the path of the pinned uv, fetched into the folder; "" where there is none for this machine."""
    command = [*pip, "install", "--quiet", "--no-compile", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    _say("  fetching the installer")
    done = subprocess.run([*command, "--target", folder, "-r", str(UV_LOCK)], check=False, capture_output=True)
    found = Path(folder) / "bin" / "uv"
    return str(found) if not done.returncode and found.is_file() else ""


def _install_by_uv(install: list[str], pip: list[str], locks: list[str]) -> int:
    """Installs the locks where pip would look for them; returns uv's exit code and prints nothing of a failure."""
    total = _count(locks)
    places, environment = _places_of(pip)
    command = [*install, "--require-hashes", "--index-strategy", "unsafe-best-match", *places]
    command += [each for lock in locks for each in ("-r", lock)]
    _say(f"  fetching {total} packages")
    announced, sizes, fetched, next_step = 0.0, dict[str, float](), 0.0, STEP
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env={**os.environ, **environment}, **streams) as process:  # type: ignore[call-overload]
        for line in process.stderr or ():
            if not (said := DOWNLOAD.match(line)):
                continue
            if said[1] == "Downloading":
                sizes[said[2]] = float(said[3] or 0) * SIZES[said[4] or ""]
                announced += sizes[said[2]]
            else:
                fetched += sizes.get(said[2], 0)
                while announced and fetched * 100 >= next_step * announced:
                    _say(f"  fetching {total} packages: {next_step} %")
                    next_step += STEP
    return int(process.returncode)


def _places_of(pip: list[str]) -> tuple[list[str], dict[str, str]]:
    """Returns uv's options for the places that pip is configured to ask, and what its environment needs."""
    done = subprocess.run([*pip, "config", "list"], check=False, capture_output=True, text=True)
    options: list[str] = []
    environment: dict[str, str] = {"UV_NO_PROGRESS": "1", "UV_LINK_MODE": os.environ.get("UV_LINK_MODE", "hardlink")}
    for key, text in (line.split("=", 1) for line in done.stdout.splitlines() if "=" in line):
        section, _, name = key.rpartition(".")
        if section not in ("global", "install", ":env:"):
            continue
        value = str(ast.literal_eval(text))
        if name in PLACES:
            options += [part for place in value.split() for part in (PLACES[name], place)]
        elif name == "no-index" and value.lower() in ("1", "true", "yes", "on"):
            options.append("--no-index")
        elif name == "cert":
            environment["SSL_CERT_FILE"] = value
        elif name == "proxy":
            environment["ALL_PROXY"] = value
    return options, environment


def _install_by_pip(pip: list[str], locks: list[str]) -> int:
    total = _count(locks)
    # Not compiled: what is used is compiled at its first import, the rest never.
    command = [*pip, "install", "--no-compile", "--progress-bar", "off", "--require-hashes"]
    command += [each for lock in locks for each in ("-r", lock)]
    said: list[str] = []
    fetched, next_step = 0, STEP
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
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


def _count(locks: Iterable[str]) -> int:
    return sum(line[:1].isalnum() for lock in locks for line in Path(lock).read_text(encoding="utf-8").splitlines())


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
