"""Writes the index of the commands of `huikuan`, which its help is made of: `python -m app.cli.index`.

Invariant: the index is made of the commands that the installation and the slices declare, never by hand.
"""

from __future__ import annotations

import json
from pkgutil import resolve_name
from typing import Final

import click

from app.cli.lazy import INDEX, Listed
from app.slices import SLICES

#: The commands of the installation itself.
_OWN: Final = (
    "app.cli.server:up",
    "app.cli.server:down",
    "app.cli.server:status",
    "app.cli.server:demo",
    "app.cli.db:group",
    "app.cli.tenant:group",
    "app.cli.doctor:doctor",
    "app.cli.journal:group",
    "app.cli.outbox:group",
    "app.cli.metrics:metrics",
)


def index_text() -> str:
    """Returns the index as JSON: each command by name with its help, and those of a group below it."""
    found: dict[str, Listed] = {}
    for target in (*_OWN, *(name for each in SLICES for name in each.commands)):
        command = resolve_name(target)
        found[command.name] = {"target": target, **_listed(command)}
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _listed(command: click.Command) -> Listed:
    entry: Listed = {"help": command.help or ""}
    if isinstance(command, click.Group):
        entry["commands"] = {name: _listed(each) for name, each in command.commands.items()}
    return entry


if __name__ == "__main__":
    INDEX.write_text(index_text(), encoding="utf-8")
