"""The command line `huikuan`: the commands of the installation and those that the slices bring, loaded when called.

Invariants: exit 0 on success, 1 when the work failed, 2 on wrong usage (see `tenants.commandline`); names and help come
from the index (`app.cli.index`), so that no help loads a slice, and a command loads its own module alone.
"""

from __future__ import annotations

import click

from app.cli.lazy import LazyGroup, load_index

main: click.Group = click.version_option(package_name="huikuan", message="%(version)s")(
    LazyGroup("huikuan", load_index(), words="Huikuan: trade credit and collections.")
)


def install() -> None:
    """Registers what the commands need of the application and of all slices. Idempotent."""
    from app.cli.installing import install_all

    install_all()
