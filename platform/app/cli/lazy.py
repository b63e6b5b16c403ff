"""Commands that are loaded when called: names and help come from the index, which a guard test keeps true.

Imports nothing but click. Invariant: what a help shows is what the commands themselves say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Final, TypedDict

import click

INDEX: Final = Path(__file__).with_name("commands.json")


class Listed(TypedDict, total=False):
    """A command in the index: its help, "module:name" of it or of its group, and the commands of a group by name."""

    help: str
    target: str
    commands: dict[str, Listed]


def load_index() -> dict[str, Listed]:
    """Returns the commands of `huikuan` by name."""
    found: dict[str, Listed] = json.loads(INDEX.read_text(encoding="utf-8"))
    return found


class CommandWithoutSlices(click.Command):
    """A command that starts, stops or shows processes: no slice is loaded for it."""


class LazyCommand(click.Command):
    """Stands for the command `path` of the target "module:name" until it is called."""

    def __init__(self, name: str, help_text: str, target: str, path: tuple[str, ...]) -> None:
        super().__init__(name, help=help_text)
        self._target, self._path = target, path

    def load(self) -> click.Command:
        """Imports and returns the command itself. Raises TypeError for a target that is no command."""
        found = resolve_name(self._target)
        for name in self._path:
            found = found.commands[name]
        if not isinstance(found, click.Command):
            raise TypeError(f"{self._target} is no command")
        return found

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Returns the context of the command itself, ready to run; its own help needs nothing registered."""
        command = self.load()
        context = command.make_context(info_name, args, parent, **extra)
        from app.cli.installing import install_all, install_command_line

        if isinstance(command, CommandWithoutSlices):
            install_command_line()
        else:
            install_all()
        return context


class LazyGroup(click.Group):
    """A group whose commands are those of the index."""

    def __init__(
        self, name: str, listed: Mapping[str, Listed], *, words: str, target: str = "", path: tuple[str, ...] = ()
    ) -> None:
        super().__init__(name, help=words, context_settings={"help_option_names": ["-h", "--help"]})
        for each, entry in listed.items():
            self.add_command(_lazy(each, entry, entry.get("target", target), (*path, each) if target else ()))


def _lazy(name: str, entry: Listed, target: str, path: tuple[str, ...]) -> click.Command:
    if "commands" in entry:
        return LazyGroup(name, entry["commands"], words=entry["help"], target=target, path=path)
    return LazyCommand(name, entry["help"], target, path)
