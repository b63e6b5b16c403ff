"""A slice wires itself: what it declares exists, and what the code records, queues and mails is declared."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pkgutil import resolve_name

import click
import pytest
from flask import Blueprint

from app.cli import main
from app.cli.index import index_text
from app.cli.lazy import INDEX, LazyCommand
from app.handlers import JOBS, KINDS, MAILS, RECURRING, queue_of
from app.lane import LANES
from app.slices import SLICES
from kernel.queue import QUEUES
from kernel.settings import APP_ROOT

PLATFORM = APP_ROOT / "platform"
SOURCES = [path for path in sorted(PLATFORM.rglob("*.py")) if path.parts[-2] != "seeds"]
#: Kinds that are handed on by an argument; whoever calls names them, and is read as well.
HANDED_ON = {
    "ar.cases.letters.sending:next_kind",
}


def _calls(name: str, position: int, keyword: str = "") -> Iterator[tuple[str, str]]:
    """(module, the argument as text) of every call of a function of that name."""
    for path in SOURCES:
        module = path.relative_to(PLATFORM).with_suffix("").as_posix().replace("/", ".")
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called != name:
                continue
            given = [each.value for each in node.keywords if each.arg == keyword] or node.args[position : position + 1]
            for each in given:
                for value in (each.body, each.orelse) if isinstance(each, ast.IfExp) else (each,):
                    yield module, ast.unparse(value)


def _kinds(name: str, position: int, keyword: str = "") -> tuple[set[str], set[str]]:
    """The texts that the calls name, by literal or by constant; and the places that hand on an argument."""
    found, handed_on = set(), set()
    for module, argument in _calls(name, position, keyword):
        if argument[0] in "'\"":
            found.add(ast.literal_eval(argument))
            continue
        value = vars(import_module(module)).get(argument)
        if isinstance(value, str):
            found.add(value)
        else:
            handed_on.add(f"{module}:{argument}")
    return found, handed_on


def test_every_module_of_pages_is_named_by_its_slice() -> None:
    named = [name for each in SLICES for name in (*each.pages, *each.outside)]
    assert [name for name in named if not isinstance(resolve_name(name), Blueprint)] == []
    there = {
        f"{path.relative_to(PLATFORM).with_suffix('').as_posix().replace('/', '.')}:bp"
        for path in SOURCES
        if path.name.endswith("routes.py")
    }
    assert there == set(named)
    assert len(named) == len(set(named))


def test_every_command_that_a_slice_names_is_one_and_none_is_forgotten() -> None:
    named = [name for each in SLICES for name in each.commands]
    assert [name for name in named if not isinstance(resolve_name(name), click.Command)] == []
    modules = {
        path.relative_to(PLATFORM).with_suffix("").as_posix().replace("/", ".")
        for path in SOURCES
        if path.stem.endswith("cli")
    }
    assert {name.partition(":")[0] for name in named} == modules


def test_the_index_of_commands_is_what_the_commands_say() -> None:
    """The help of `huikuan` is made of the index alone: `make map` writes it anew."""
    assert INDEX.read_text(encoding="utf-8") == index_text()


def test_every_command_of_the_index_is_found_when_it_is_called() -> None:
    def loaded(group: click.Group) -> Iterator[tuple[click.Command, click.Command]]:
        for command in group.commands.values():
            if isinstance(command, click.Group):
                yield from loaded(command)
            else:
                assert isinstance(command, LazyCommand)
                yield command, command.load()

    pairs = list(loaded(main))
    assert len(pairs) > 20
    assert [(lazy.name, lazy.help) for lazy, _real in pairs] == [(real.name, real.help) for _lazy, real in pairs]


def test_every_folder_with_a_slice_is_listed_once() -> None:
    folders = {path.parent.name for path in (PLATFORM / "ar").glob("*/__init__.py")}
    assert Counter(each.name for each in SLICES) == Counter({*folders, "tenants"})


@pytest.mark.parametrize("what", ["jobs", "mails", "events", "fact_makers", "entry_names", "approvals"])
def test_no_two_slices_bring_the_same(what: str) -> None:
    key = {"jobs": "kind", "mails": "purpose", "approvals": "code"}.get(what)
    brought = Counter(getattr(one, key) if key else one for each in SLICES for one in getattr(each, what))
    assert [name for name, times in brought.items() if times > 1] == []


def test_every_kind_that_is_queued_has_a_handler_and_every_queue_a_worker() -> None:
    one, handed_on = _kinds("put", 2)
    many, handed_on_too = _kinds("put_many", 2)
    assert (one | many) - KINDS == set()
    assert handed_on | handed_on_too == HANDED_ON
    assert {queue_of(kind) for kind in KINDS} <= set(QUEUES)
    assert {name for lane in LANES for name in lane.in_turn} == set(QUEUES)


def test_every_mail_that_is_queued_is_declared() -> None:
    rendered, handed_on = _kinds("queue_rendered", 2)
    composed, handed_on_too = _kinds("queue_mail", -1, "purpose")
    several, handed_on_many = _kinds("queue_mails", 2)
    assert (rendered | composed | several) - {each.purpose for each in MAILS} == set()
    # Helpers that are handed the purpose; who calls them is read below.
    assert handed_on | handed_on_too | handed_on_many == {
        "ar.statements.mails:purpose",
        "kernel.mail:mail.purpose",
        "tenants.approvals.mails:purpose",
        "web.mailtexts:purpose",
    }
    asked = several | _kinds("_queue", 2)[0] | _kinds("_queue", 4)[0]
    assert {"statement", "statement_answered", "approval_request"} <= asked <= {each.purpose for each in MAILS}


def test_what_recurs_has_a_handler_and_comes_once() -> None:
    assert Counter(each.kind for each in RECURRING) <= Counter({job.kind: 1 for job in JOBS})


def test_dispatcher_and_worker_load_no_page_and_no_command() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import sys, app.dispatcher, app.worker; print('\\n'.join(sys.modules))"],
        cwd=PLATFORM,
        capture_output=True,
        text=True,
        check=True,
    )
    ours = [name for name in told.stdout.split() if name.startswith(("ar.", "tenants."))]
    assert "ar.bills.jobs" in ours
    assert [name for name in ours if name.endswith(("routes", "cli"))] == []
