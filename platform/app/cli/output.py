"""What the commands of the command line share: the tenant's transaction, JSON or text, errors and exit codes.

Invariants: with `--json` exactly one JSON object is printed; exit 0 on success, 1 when the work failed, 2 on
wrong usage (click's own); amounts are integers in fields that end in `_minor`, dates are ISO.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from typing import Any, NoReturn, TypeVar, cast

import click
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, OperationalError

from app.cli.local import use_local_servers
from app.embedded import EmbeddedError
from app.messages import message_of
from app.processes import SupervisorError
from kernel.actor import Actor
from kernel.clock import fixed_clock, moment_on
from kernel.db import TenantSession, enter, open_session
from kernel.errors import HuikuanError
from kernel.i18n import use_language
from kernel.settings import SettingsError
from tenants.queries import system_actor_for, tenant_by_slug

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
tenant_option = click.option("--tenant", "slug", required=True, metavar="SLUG", help="The company's short name.")


class DayParam(click.ParamType[date]):
    """An ISO date."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date like 2026-11-21", param, ctx)


DAY = DayParam()


@contextmanager
def tenant_transaction(
    slug: str, *, on: date | None = None, read_only: bool = False, commit: bool = True
) -> Iterator[tuple[TenantSession, Actor]]:
    """The company's session and an operator to act in it; one commit at the end (none with `commit=False`).

    `on` fixes the clock at nine in the morning of that local day. Texts inside are in the company's language.
    """
    use_local_servers()
    with ExitStack() as stack:
        db = stack.enter_context(open_session(None, read_only=read_only))
        facts = tenant_by_slug(db, slug)
        if on is not None:
            stack.enter_context(fixed_clock(moment_on(on, facts.timezone)))
        stack.enter_context(use_language(facts.language))
        enter(db, facts.id)
        yield db, system_actor_for(db, facts.id, kind="operator", name="huikuan")
        if commit and not read_only:
            db.commit()
        else:
            db.rollback()


def emit(payload: Mapping[str, Any], as_json: bool, human: Callable[[], str | None]) -> None:
    """Prints the payload as one JSON object, or what `human()` makes of it."""
    if as_json:
        click.echo(json.dumps(payload, ensure_ascii=False, default=_plain))
        return
    text = human()
    if text:
        click.echo(text)


def fail(code: str, message: str, *, as_json: bool, **more: Any) -> NoReturn:
    """Ends with exit code 1 and the error as JSON or as a sentence on standard error."""
    if as_json:
        click.echo(
            json.dumps({"error": {"code": code, "message": message, **more}}, ensure_ascii=False, default=_plain)
        )
    else:
        click.echo(message, err=True)
    raise SystemExit(1)


def reports_errors(command: F) -> F:
    """Turns what a command raises into exit code 1 with a sentence; put it right under the click decorators."""

    @functools.wraps(command)
    def run(*args: Any, **values: Any) -> Any:
        as_json = bool(values.get("as_json"))
        try:
            return command(*args, **values)
        except HuikuanError as error:
            fail(error.code, message_of(error), as_json=as_json, **dict(error.params))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            fail("invalid_input", f"{place}: {first['msg'].removeprefix('Value error, ')}", as_json=as_json)
        except SettingsError as error:
            fail("settings", str(error), as_json=as_json)
        except (EmbeddedError, SupervisorError) as error:
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


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)
