"""Registers what a command needs of the application, and of all slices where it needs them, before it runs."""

from __future__ import annotations

from app.cli.local import use_local_servers
from app.embedded import EmbeddedError
from app.migrate import MigrationError
from app.processes import SupervisorError
from kernel.errors import HuikuanError
from kernel.memory import collect_seldom
from tenants import commandline


def install_all() -> None:
    """Registers the slices, and tells the commands how to connect and to explain an error. Idempotent."""
    from app import registry

    registry.install()
    collect_seldom()
    install_command_line()


def install_command_line() -> None:
    """Tells the commands how to connect and to explain an error; loads no slice. Idempotent."""
    commandline.install(use_local_servers, _message, (EmbeddedError, SupervisorError, MigrationError))


def _message(error: HuikuanError) -> str:
    """Returns the sentence of an error; the sentences are the slices', loaded when there is one to say."""
    from app.messages import message_of

    return message_of(error)
