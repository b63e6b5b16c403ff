"""Runs embedded PostgreSQL and Redis, from Python wheels, on the loopback address and with passwords.

A laptop runs the same engines as production; their data is below `var/`.
Invariant: the servers outlive the process that started them and are found again by their pid file or password, so a
start is idempotent, whatever was killed before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.embedded.postgres import PostgresServer
from app.embedded.redis_server import RedisServer
from app.embedded.state import EmbeddedError, State, free_port, make_private_home, port_is_free

__all__ = ["EmbeddedError", "EmbeddedServers", "ServerStatus", "State", "Urls", "free_port", "port_is_free"]

MIN_FREE_BYTES = 500_000_000


@dataclass(frozen=True)
class Urls:
    """The URLs of the servers; empty for one that is not wanted.

    `database_url` is the application's, whose role owns nothing; `owner_url` that of the tables' owner, for
    migrations; `admin_url` the owner on the maintenance database: it may CREATE DATABASE (for tests), no more.
    """

    database_url: str = ""
    owner_url: str = ""
    redis_url: str = ""
    admin_url: str = ""


@dataclass(frozen=True)
class ServerStatus:
    """The current state of one server; `state` is 'running' or 'stopped'."""

    name: str
    pid: int | None
    port: int | None
    state: str


def _silent(_line: str) -> None:
    """Discards progress messages, as the default."""


class EmbeddedServers:
    """Both servers of one `var_dir`.

    `fast` gives up durability for speed (tests only). `postgres` / `redis` say which of the two are wanted:
    the one whose URL was configured is not. `say` gets a sentence for a person, e.g. for a Redis that is too old.
    """

    def __init__(
        self,
        var_dir: Path,
        *,
        fast: bool = False,
        postgres: bool = True,
        redis: bool = True,
        min_free_bytes: int = MIN_FREE_BYTES,
        say: Callable[[str], None] = _silent,
    ) -> None:
        self.var_dir = Path(var_dir).absolute()
        self._state = State(self.var_dir)
        self._postgres = (
            PostgresServer(self.var_dir / "postgres", self._state, fast, min_free_bytes) if postgres else None
        )
        self._redis = RedisServer(self.var_dir / "redis", self._state, fast, say) if redis else None

    def start(self) -> Urls:
        """Starts the wanted servers that do not run, waits until they answer, and returns their URLs.

        Raises EmbeddedError with a message that says what to do.
        """
        make_private_home(self.var_dir)
        with self._state.locked():
            database_url = self._postgres.start() if self._postgres else ""
            redis_url = self._redis.start() if self._redis else ""
        if not self._postgres:
            return Urls(redis_url=redis_url)
        return Urls(database_url, self._postgres.owner_url(), redis_url, self._postgres.owner_url("postgres"))

    def stop(self) -> None:
        """Stops both in order (Redis, then PostgreSQL); a server that does not run is no error."""
        if not self.var_dir.is_dir():
            return
        with self._state.locked():
            if self._redis:
                self._redis.stop()
            if self._postgres:
                self._postgres.stop()

    def alive(self) -> bool:
        """Returns whether every wanted server runs; cheap enough to call every second."""
        return all(server.pid() is not None for server in (self._postgres, self._redis) if server)

    def status(self) -> list[ServerStatus]:
        """Returns the state of each wanted server, PostgreSQL first."""
        return [
            ServerStatus(name, pid, server.port() if pid else None, "running" if pid else "stopped")
            for name, server in (("postgres", self._postgres), ("redis", self._redis))
            if server
            for pid in (server.pid(),)
        ]
