"""Commands `huikuan run-day` and `huikuan simulate`: run the day, or simulate days without storing anything.

Invariant: `simulate` runs READ ONLY.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import date

import click

from ar.cases.ladder.step_texts import state_name, step_name
from ar.cases.runs.commands import require_day_not_passed, run_day
from ar.cases.runs.simulation import simulate
from ar.cases.runs.step_lines import StepLine, run_steps, simulated_lines
from kernel.i18n import current_language, use_language
from kernel.i18n import gettext as _
from kernel.money import format_minor
from kernel.settings import terminal_language
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction


@click.command("run-day")
@tenant_option
@click.option("--date", "on", type=DAY, default=None, help="Run as on this day (default: the company's today).")
@json_option
@reports_errors
def run_day_command(slug: str, on: date | None, as_json: bool) -> None:
    """Propose today's steps for every overdue item; list what this run did: steps proposed or held anew.

    A second run of the day finds nothing to do.
    A day before that of the newest run is refused: the ladders have moved on, so nothing could be proposed for it.
    With --json each `why` is in the company's language; without it all words are in the terminal's (LANG).
    """
    with tenant_transaction(slug, on=on) as (db, actor):
        if on is not None:
            require_day_not_passed(db, actor)
        result = run_day(db, actor)
        with _language(as_json):
            lines = run_steps(db, actor.tenant_id, result)
    emit({"steps": [line.as_json() for line in lines]}, as_json, lambda: _table(lines))


@click.command("simulate")
@tenant_option
@click.option("--from", "from_on", type=DAY, required=True, help="First day.")
@click.option("--to", "to_on", type=DAY, required=True, help="Last day, included.")
@click.option("--policy", "policy_code", default=None, help="Another policy than the one each item is on.")
@json_option
@reports_errors
def simulate_command(slug: str, from_on: date, to_on: date, policy_code: str | None, as_json: bool) -> None:
    """Play the ladder day by day, as if each step were done on its day. Nothing is stored or sent.

    With --json each `why` is in the company's language; without it all words are in the terminal's (LANG).
    """
    with tenant_transaction(slug, read_only=True) as (db, actor):
        simulated = simulate(db, actor, from_on, to_on, policy_code=policy_code)
        with _language(as_json):
            lines = simulated_lines(simulated)
    emit({"steps": [line.as_json() for line in lines]}, as_json, lambda: _table(lines))


def _language(as_json: bool) -> AbstractContextManager[None]:
    """Returns the company's language for a program (JSON), the terminal's for a person."""
    return use_language(current_language() if as_json else terminal_language())


def _table(lines: Sequence[StepLine]) -> str:
    if not lines:
        return _("Nothing to do.")
    rows = [
        f"{line.runs_on}  {line.customer_no}  {line.document_no}  {step_name(line.step)}  "
        f"{format_minor(line.open_minor, line.currency)} {line.currency}  {state_name(line.status)}  {line.why}"
        for line in lines
    ]
    return "\n".join(rows)
