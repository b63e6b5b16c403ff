"""Helps the commands of the command line: company transaction, JSON or text output, errors and exit codes.

Invariants: with `--json` exactly one JSON object is printed; exit 0 on success, 1 when the work failed, 2 on
wrong usage (a wrong option); amounts are integers in fields that end in `_minor`, dates are ISO. Output to the
operator is in the language of the terminal, stored or sent texts in the company's.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NoReturn, TypeVar, cast

import click
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError

from kernel.actor import Actor
from kernel.bookable import LIMITS, OUT_OF_RANGE, is_bookable
from kernel.db import TenantSession, enter_tenant, open_session
from kernel.errors import HuikuanError
from kernel.i18n import use_language
from kernel.settings import SettingsError, terminal_language
from tenants.queries import system_actor_for, tenant_by_slug
from web.forms import error_texts

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
tenant_option = click.option("--tenant", "slug", required=True, metavar="SLUG", help="The company's short name.")


#: Fields of inputs whose option has another name, and those whose rule is a pattern that nobody should have to read.
_OPTIONS = {"owner_email": "owner", "owner_name": "owner-name", "roles": "role"}
_ALLOWED = {"slug": "use 1 to 40 lower-case letters, digits and hyphens; no hyphen at either end"}


@dataclass
class _Installed:
    """Injected by the application: slices' commands know neither the embedded servers nor other slices' texts."""

    connect: Callable[[], object] = lambda: None
    explain: Callable[[HuikuanError], str] = str
    server_errors: tuple[type[Exception], ...] = ()


_installed = _Installed()


def install(
    connect: Callable[[], object],
    explain: Callable[[HuikuanError], str],
    server_errors: tuple[type[Exception], ...],
) -> None:
    """Registers how to connect, how to explain an error, and which errors are the servers'. Idempotent."""
    _installed.connect, _installed.explain, _installed.server_errors = connect, explain, server_errors


class DayParam(click.ParamType[date]):
    """An ISO date."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            on = date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date like 2026-11-21", param, ctx)
        if not is_bookable(on):
            self.fail(OUT_OF_RANGE % LIMITS, param, ctx)
        return on


DAY = DayParam()


@contextmanager
def tenant_transaction(
    slug: str, *, on: date | None = None, read_only: bool = False, commit: bool = True
) -> Iterator[tuple[TenantSession, Actor]]:
    """Yields the company's session and an operator as actor; commits at the end (not with `commit=False`).

    `on` is the day to act as: it changes `actor.today` only. Events keep the real time,
    since the journal is evidence. Texts inside are in the company's language.
    """
    _installed.connect()
    with ExitStack() as stack:
        db = stack.enter_context(open_session(None, read_only=read_only))
        facts = tenant_by_slug(db, slug)
        stack.enter_context(use_language(facts.language))
        enter_tenant(db, facts.id)
        actor = system_actor_for(db, facts.id, kind="operator", name="huikuan")
        yield db, actor if on is None else replace(actor, today=on)
        if commit and not read_only:
            db.commit()
        else:
            db.rollback()


def emit(payload: Mapping[str, Any], as_json: bool, human: Callable[[], str | None]) -> None:
    """Prints the payload as one JSON object, or else the text of `human()`."""
    if as_json:
        click.echo(json.dumps(payload, ensure_ascii=False, default=_plain))
        return
    with use_language(terminal_language()):
        text = human()
    if text:
        click.echo(text)


def fail(code: str, message: str, *, as_json: bool, **more: Any) -> NoReturn:
    """Ends with exit code 1 and the error as JSON or as a sentence on standard error."""
    _end(1, code, message, as_json, more)


def _end(exit_code: int, code: str, message: str, as_json: bool, more: Mapping[str, Any]) -> NoReturn:
    if as_json:
        click.echo(
            json.dumps({"error": {"code": code, "message": message, **more}}, ensure_ascii=False, default=_plain)
        )
    else:
        click.echo(message, err=True)
    raise SystemExit(exit_code)


def reports_errors(command: F) -> F:
    """Turns what a command raises into an exit code with a sentence; put it right under the click decorators."""

    @functools.wraps(command)
    def run(*args: Any, **values: Any) -> Any:
        as_json = bool(values.get("as_json"))
        try:
            return command(*args, **values)
        except HuikuanError as error:
            with use_language(terminal_language()):
                message = _installed.explain(error)
            fail(error.code, message, as_json=as_json, **dict(error.params))
        except ValidationError as error:
            wrong = wrong_options(error)
            lines = "\n".join(f"{name}: {text}" for name, text in wrong.items())
            _end(2, "invalid_input", lines, as_json, {"fields": wrong})
        except SettingsError as error:
            fail("settings", str(error), as_json=as_json)
        except _installed.server_errors as error:
            fail("servers", str(error), as_json=as_json)
        except OperationalError as error:
            reason = str(error.orig).strip().splitlines()[0]
            fail("database_unreachable", f"The database does not answer: {reason}", as_json=as_json)
        except DBAPIError as error:
            # A table, function or column that is not there yet.
            if getattr(error.orig, "sqlstate", "") in {"42P01", "42883", "42703"}:
                fail("not_migrated", "The database is not up to date. Run `huikuan db migrate`.", as_json=as_json)
            raise

    return cast(F, run)


def wrong_options(error: ValidationError) -> dict[str, str]:
    """Returns each invalid option by its command-line name, with what it accepts."""
    with use_language(terminal_language()):
        found = error_texts(error)
    return {_OPTIONS.get(name, name): _ALLOWED.get(name, text) for name, text in found.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
