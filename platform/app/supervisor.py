"""Starts, stops and reports the whole product on one machine (`huikuan up`, `down`, `status`).

Starts the servers for which no URL was given, then web, worker, dispatcher and (in development) the mail catcher; stops
all in that order, the servers last.
Invariant: one supervisor per `var_dir`, and nothing it started remains after an orderly end.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import click

from app.embedded import EmbeddedError, EmbeddedServers, State, Urls, free_port, port_is_free
from app.embedded.state import make_private_home, wait_until
from app.processes import (
    ChildSpec,
    PidFile,
    ProcessStatus,
    StopSignal,
    Supervisor,
    SupervisorError,
    read_statuses,
)
from kernel.settings import APP_ROOT, Settings, instance_of

__all__ = ["ProcessStatus", "SupervisorError", "child_environment", "down", "embedded_servers", "status", "up"]

WEB_WORKERS = 2
WEB_THREADS = 8
WORKER_END_SECONDS = 15
ANYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not bound to

Say = Callable[[str], None]
Hook = Callable[[Settings], None]


def _nothing(_settings: Settings) -> None:
    """Does nothing, as the default hook."""


def embedded_servers(settings: Settings, *, say: Say = click.echo) -> EmbeddedServers:
    """Returns the embedded servers for these settings: those for which no URL is set."""
    return EmbeddedServers(settings.var_dir, postgres=not settings.database_url, redis=not settings.redis_url, say=say)


def product_processes(settings: Settings, mail_port: int | None) -> list[ChildSpec]:
    """Returns every process of the product, in the order in which they are stopped."""
    python = (sys.executable, "-m")
    web = (
        *(*python, "gunicorn", "--bind", f"{settings.host}:{settings.port}", "--worker-class", "gthread"),
        *("--workers", str(WEB_WORKERS), "--threads", str(WEB_THREADS), "--graceful-timeout", "10"),
        # Loaded once, then forked: nothing of ours opens a connection or a thread before its first request.
        *("--preload", "--no-control-socket", "app.factory:create_app()"),
    )
    processes = [
        ChildSpec("web", web, settings.port),
        # It gives its jobs their time and hands back what is not done by then.
        ChildSpec(
            "worker",
            (*python, "app.worker"),
            stop_seconds=settings.worker_stop_seconds + WORKER_END_SECONDS,
            after_ready=True,
        ),
        ChildSpec("dispatcher", (*python, "app.dispatcher"), after_ready=True),
    ]
    if mail_port is not None:
        catcher = ("app.mailcatcher", "--var-dir", str(settings.var_dir), "--port", str(mail_port))
        processes.append(ChildSpec("mail", (*python, *catcher), mail_port, after_ready=True))
    return processes


def child_environment(settings: Settings) -> dict[str, str]:
    """Returns the environment from which a child reads these settings. The owner's URL is not a child's to know."""
    values = settings.model_dump(exclude={"database_owner_url"}).items()
    verdict_text = {name.upper(): str(value) for name, value in values if str(value)}
    source = str(APP_ROOT / "platform")
    path = [source, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_OWNER_URL"}
    return {**inherited, **verdict_text, "PYTHONPATH": os.pathsep.join(path), "PYTHONUNBUFFERED": "1"}


def up(
    settings: Settings,
    *,
    detach: bool = False,
    with_mailcatcher: bool = True,
    meanwhile: Hook = _nothing,
    prepare: Hook = _nothing,
    on_ready: Hook = _nothing,
    say: Say = click.echo,
    processes: Callable[[Settings, int | None], Sequence[ChildSpec]] = product_processes,
    pause_seconds: float = 0.3,
) -> None:
    """Runs the product: until Ctrl-C or SIGTERM, or in the background when `detach` (returns once it is ready).

    `meanwhile` runs in a thread while the servers start (imports), `prepare` between the servers and our own processes
    (migrations, seeds), `on_ready` when the web answers; the last two get the settings with every URL filled in. The
    mail catcher replaces a missing SMTP_URL, never in production. Raises SupervisorError or EmbeddedError with a
    message that says what to do.
    """
    settings = settings.model_copy(update={"var_dir": settings.var_dir.absolute()})

    def work(ready: Callable[[], None]) -> None:
        def announce(resolved: Settings) -> None:
            on_ready(resolved)
            ready()

        _run(settings, with_mailcatcher, meanwhile, prepare, announce, say, processes, pause_seconds)

    make_private_home(settings.var_dir)
    if detach:
        _in_background(settings.var_dir, work, say)
    else:
        work(lambda: None)


def down(settings: Settings, *, say: Say = click.echo) -> bool:
    """Stops the product and the embedded servers; returns False when nothing ran. Raises SupervisorError."""
    pid_file = PidFile(settings.var_dir.absolute())
    pid = pid_file.owner()
    if pid is not None:
        say(f"stopping Huikuan (process {pid})")
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        # Web, dispatcher and servers beside the worker, one after the other.
        seconds = settings.worker_stop_seconds + 90
        if not wait_until(lambda: pid_file.owner() is None, seconds):
            raise SupervisorError(f"Process {pid} did not stop within {seconds} seconds; end it with `kill -9 {pid}`.")
    servers = embedded_servers(settings)
    left = any(server.pid for server in servers.status())
    if left:
        say("stopping the database servers")
        servers.stop()
    return pid is not None or left


def status(settings: Settings) -> list[ProcessStatus]:
    """Returns every process with its id, port and state: the supervisor, its children, the embedded servers."""
    var_dir = settings.var_dir.absolute()
    pid = PidFile(var_dir).owner()
    rows = [ProcessStatus("supervisor", pid, None, "running" if pid else "stopped"), *read_statuses(var_dir)]
    servers = embedded_servers(settings).status()
    return rows + [ProcessStatus(s.name, s.pid, s.port, s.state) for s in servers]


def _run(
    settings: Settings,
    with_mailcatcher: bool,
    meanwhile: Hook,
    prepare: Hook,
    on_ready: Hook,
    say: Say,
    processes: Callable[[Settings, int | None], Sequence[ChildSpec]],
    pause_seconds: float,
) -> None:
    servers = embedded_servers(settings)
    with PidFile(settings.var_dir).locked(), StopSignal().caught() as stop:
        _check_port(settings)
        try:
            stop.interrupting = True
            say("starting the database servers")
            with ThreadPoolExecutor(1) as pool:
                beside = pool.submit(meanwhile, settings)
                urls = servers.start()
                beside.result()
            resolved, mail_port = _resolve(settings, urls, with_mailcatcher)
            prepare(resolved)
            stop.interrupting = False

            def care() -> None:
                if not servers.alive():
                    say("a database server had stopped and is started again")
                    if servers.start() != urls:
                        raise SupervisorError("The database servers moved to other ports; start Huikuan again.")

            supervisor = Supervisor(
                settings.var_dir,
                processes(resolved, mail_port),
                child_environment(resolved),
                cwd=APP_ROOT,
                say=say,
                care=care,
                pause_seconds=pause_seconds,
            )
            say(f"starting web, worker and dispatcher; waiting for {resolved.base_url}")
            supervisor.run(stop, healthy=lambda: _answers(resolved), on_ready=lambda: on_ready(resolved))
        except KeyboardInterrupt:
            say("interrupted")
        finally:
            stop.interrupting = False
            say("stopping the database servers")
            servers.stop()
    say("stopped")


def _resolve(settings: Settings, urls: Urls, with_mailcatcher: bool) -> tuple[Settings, int | None]:
    """Returns the settings with every URL filled in, and the mail catcher's port when there is one."""
    state = State(settings.var_dir)
    update: dict[str, str | bool] = {}
    if urls.database_url:
        update["database_url"], update["database_owner_url"] = urls.database_url, urls.owner_url
        update["database_prepare"] = True  # our own server: no pooler stands between
    if urls.redis_url:
        update["redis_url"] = urls.redis_url
    if not settings.secret_key:
        # Kept, so that people stay signed in over a restart; in production the settings demand one.
        update["secret_key"] = state.secret("app", "secret_key")
    mail_port = None
    if with_mailcatcher and not settings.smtp_url and not settings.is_production:
        mail_port = state.choose_port("mail")
        update["smtp_url"] = f"smtp://127.0.0.1:{mail_port}"
    return settings.model_copy(update=update), mail_port


def _check_port(settings: Settings) -> None:
    if not port_is_free(settings.port, settings.host):
        raise SupervisorError(
            f"Port {settings.port} on {settings.host or 'this machine'} is taken by another program. "
            f"Stop that one, or choose another port, for example: PORT={free_port()}"
        )


def _answers(settings: Settings) -> bool:
    """Returns whether the web process reports that it is healthy."""
    host = "127.0.0.1" if settings.host in ANYWHERE else settings.host
    connection = http.client.HTTPConnection(host, settings.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        verdict_text = json.loads(answer.read() or b"{}")
        # Another Huikuan may listen on the port: only the one with our secret is ours.
        return answer.status == http.HTTPStatus.OK and verdict_text.get("instance") == instance_of(settings.secret_key)
    except (OSError, ValueError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _in_background(var_dir: Path, work: Callable[[Callable[[], None]], None], say: Say) -> None:
    """Runs `work` in a process of its own session; returns when it calls its `ready`, raises what it raised.

    Its output goes to this terminal until then, afterwards to `var/log/supervisor.log`.
    """
    output, output_end = os.pipe()
    verdict, verdict_end = os.pipe()
    if (child := os.fork()) == 0:
        os.close(output)
        os.close(verdict)
        _background_side(var_dir, work, output_end, verdict_end)
    os.close(output_end)
    os.close(verdict_end)
    os.waitpid(child, 0)
    with os.fdopen(output, errors="replace") as lines, os.fdopen(verdict, errors="replace") as answer:
        try:
            for line in lines:
                say(line.rstrip("\n"))
            verdict_text = answer.read()
        except KeyboardInterrupt:
            if pid := PidFile(var_dir).owner():
                os.kill(pid, signal.SIGTERM)
            raise
    if verdict_text != "ok":
        raise SupervisorError(
            verdict_text or f"Huikuan ended before it was ready; see {var_dir / 'log' / 'supervisor.log'}."
        )


def _background_side(
    var_dir: Path, work: Callable[[Callable[[], None]], None], output_end: int, verdict_end: int
) -> None:
    os.setsid()
    if os.fork():
        os._exit(0)
    (var_dir / "log").mkdir(exist_ok=True)
    log = os.open(var_dir / "log" / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output_end, 1)
    os.dup2(output_end, 2)
    os.close(output_end)
    pending = [verdict_end]

    def report(verdict_text: str) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(log, 1)
        os.dup2(log, 2)
        if pending:
            os.write(pending[0], verdict_text.encode())
            os.close(pending.pop())

    code = 1
    try:
        work(lambda: report("ok"))
        report("Huikuan was stopped before it was ready.")
        code = 0
    except (SupervisorError, EmbeddedError) as fault:
        report(str(fault))
        os.write(log, f"{fault}\n".encode())
    except BaseException as fault:
        report(f"{type(fault).__name__}: {fault}")
        sys.excepthook(type(fault), fault, fault.__traceback__)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
