"""Registers what the commands need of the application and of all slices, once a command is about to run."""

from __future__ import annotations

from app import registry
from app.cli.local import use_local_servers
from app.embedded import EmbeddedError
from app.messages import message_of
from app.migrate import MigrationError
from app.processes import SupervisorError
from tenants import commandline


def install_all() -> None:
    """Registers the slices, and tells the commands how to connect and to explain an error. Idempotent."""
    registry.install()
    commandline.install(use_local_servers, message_of, (EmbeddedError, SupervisorError, MigrationError))
