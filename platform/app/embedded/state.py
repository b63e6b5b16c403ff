"""Stores ports and passwords of the embedded servers between runs, in one private file.

Invariant: `var/embedded.json` is readable by its owner alone and
replaced in one step, so a crash leaves the old or the new one, never half of it.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.02


class EmbeddedError(Exception):
    """An embedded server cannot run; the message says what to do."""


def free_port() -> int:
    """Returns a TCP port on loopback that is free at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int, host: str = LOOPBACK) -> bool:
    """Returns whether a server could listen on `host:port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Polls `condition` until it is true or `seconds` have passed; returns the last result."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def works_in(pid: int, folder: Path) -> bool:
    """Returns whether the process `pid` runs with `folder` as its working directory (a zombie has none)."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder.resolve()
    except OSError:
        return False


def make_private_home(folder: Path) -> None:
    """Creates `folder`. Raises EmbeddedError when this user may not."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise EmbeddedError(
            f"The folder {folder} cannot be created ({fault.strerror}). "
            "Give this user the right to write there, or set VAR_DIR to another folder."
        ) from fault
    if not os.access(folder, os.W_OK | os.X_OK):
        raise EmbeddedError(
            f"This user may not write to {folder}. Run as the user who owns it, or set VAR_DIR to another folder."
        )


class State:
    """Ports and secrets by server name, kept in `var/embedded.json`."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.path = var_dir / "embedded.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the folder: one process at a time starts or stops its servers."""
        with (self.var_dir / "embedded.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def _read(self) -> dict[str, dict[str, int | str]]:
        try:
            content: dict[str, dict[str, int | str]] = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as fault:
            raise EmbeddedError(
                f"{self.path} cannot be read ({fault}). "
                "Put its last good copy back, or start over with `make demo-reset`."
            ) from fault
        return content

    def _write(self, server: str, name: str, value: int | str) -> None:
        # A lock of its own: the mail catcher's port is chosen while the servers' lock may be held elsewhere.
        with (self.var_dir / "embedded.json.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            content = self._read()
            content.setdefault(server, {})[name] = value
            fresh = self.path.with_suffix(".new")
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
                json.dump(content, target, indent=1)
                target.flush()
                os.fsync(target.fileno())
            fresh.replace(self.path)

    def secret(self, server: str, name: str) -> str:
        """Returns the stored secret of that name, generated on first use."""
        found = self._read().get(server, {}).get(name)
        if found is None:
            found = secrets.token_urlsafe(32)
            self._write(server, name, found)
        return str(found)

    def known_port(self, server: str) -> int | None:
        """Returns the port of the last start, free or not."""
        port = self._read().get(server, {}).get("port")
        return None if port is None else int(port)

    def choose_port(self, server: str) -> int:
        """Returns the port of the last start when it is free, else another one, and stores it."""
        port = self.known_port(server)
        if port is None or not port_is_free(port):
            port = free_port()
            self._write(server, "port", port)
        return port

    def forget_port(self, server: str) -> None:
        """Makes the next `choose_port` choose another port (another process took this one)."""
        self._write(server, "port", free_port())
