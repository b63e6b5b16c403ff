"""Command `huikuan signals run`: looks for danger signals in the books, as the clock does every day."""

from __future__ import annotations

from datetime import date

import click

from ar.credit.signals.running import SignalRun, run_signals
from ar.credit.signals.texts import signal_name
from kernel.i18n import gettext as _
from tenants.commandline import DAY, emit, json_option, reports_errors, tenant_option, tenant_transaction


@click.group("signals")
def signals_commands() -> None:
    """Danger signals of customers."""


@signals_commands.command("run")
@tenant_option
@click.option("--date", "on", type=DAY, default=None, help="Run as on this day (default: the company's today).")
@json_option
@reports_errors
def run_command(slug: str, on: date | None, as_json: bool) -> None:
    """Measure every signal that the books tell and raise those that reached their mark.

    A second run of the day raises nothing.
    """
    with tenant_transaction(slug, on=on) as (db, actor):
        run = run_signals(db, actor)
    emit(run.as_json(), as_json, lambda: _text(run))


def _text(run: SignalRun) -> str:
    if not run.raised:
        return _("No signal was raised.")
    return "\n".join(f"{count:>6}  {signal_name(code)}" for code, count in sorted(run.raised.items()))
