"""Looks for danger signals in the books of a company, once a day (R240 to R259).

Invariants: a signal fires when its figure comes up to its mark, once, with the figures of that day; it can fire again
after it has fallen below the lower mark; two runs at once raise each signal once; a day's second run raises nothing;
what still waits for a decision, or was raised on this day or later, is not raised again for the same facts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.exposure.accounts import customer_accounts
from ar.credit.policy.queries import credit_policy
from ar.credit.rules.policy import CreditPolicy
from ar.credit.rules.signals import SignalCode, is_active, proposal_for
from ar.credit.signals.models import SignalState
from ar.credit.signals.sources import installed
from kernel import journal
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.ids import new_id
from kernel.visibility import everything
from tenants.queries import work_calendar
from tenants.slice import Job, Recurring, SignalMeasure

RUN_SIGNALS: Final = "credit.run_signals"
FIRED_AT_ONCE: Final = 1_000

#: Writes that the conditions hold; returns those that did not hold before and whose customer is still with us.
_ACTIVATE: Final = sa.text("""
    INSERT INTO signal_state AS s (tenant_id, customer_id, code, active, since_on, figures)
    SELECT :tenant, n.customer_id, n.code, true, :on, CAST(n.figures AS jsonb)
    FROM unnest(CAST(:customers AS uuid[]), CAST(:codes AS text[]), CAST(:figures AS text[]))
        AS n(customer_id, code, figures)
    JOIN customer AS c ON c.tenant_id = :tenant AND c.id = n.customer_id AND c.retired_at IS NULL
    ON CONFLICT (tenant_id, customer_id, code) DO UPDATE
    SET active = true, since_on = excluded.since_on, figures = excluded.figures WHERE NOT s.active
    RETURNING s.customer_id, s.code
""")
_REARM: Final = sa.text("""
    UPDATE signal_state SET active = false, since_on = :on
    FROM unnest(CAST(:customers AS uuid[]), CAST(:codes AS text[])) AS n(customer_id, code)
    WHERE signal_state.tenant_id = :tenant AND signal_state.customer_id = n.customer_id
        AND signal_state.code = n.code AND signal_state.active
""")
#: Those of the conditions for which the same facts wait for a decision, or were raised as on a later day.
_RAISED_BEFORE: Final = sa.text("""
    SELECT n.customer_id, n.code
    FROM unnest(CAST(:customers AS uuid[]), CAST(:codes AS text[]), CAST(:figures AS text[]))
        AS n(customer_id, code, figures)
    JOIN danger_signal AS d ON d.tenant_id = :tenant AND d.customer_id = n.customer_id AND d.code = n.code
    WHERE d.tenant_id = :tenant AND d.source = 'computed' AND d.figures = CAST(n.figures AS jsonb)
        AND (d.decision IS NULL OR d.raised_on >= :on)
""")
_RAISE: Final = sa.text("""
    INSERT INTO danger_signal (tenant_id, id, customer_id, code, source, raised_on, raised_by, raised_at, figures, note,
        due_on, proposed_limit_minor, proposed_term_days)
    SELECT :tenant, n.id, n.customer_id, n.code, 'computed', :on, :by, :now, CAST(n.figures AS jsonb), '', :due_on,
        n.limit_minor, n.term_days
    FROM unnest(CAST(:ids AS uuid[]), CAST(:customers AS uuid[]), CAST(:codes AS text[]), CAST(:figures AS text[]),
        CAST(:limits AS bigint[]), CAST(:terms AS integer[]))
        AS n(id, customer_id, code, figures, limit_minor, term_days)
    RETURNING id
""")


@dataclass
class SignalRun:
    """What a run found: signals raised by code, conditions that hold on, and those that ended."""

    run_on: date
    raised: dict[str, int] = field(default_factory=dict)
    holding: int = 0
    ended: int = 0

    def as_json(self) -> dict[str, Any]:
        """Returns the counts as the command line prints them."""
        return {
            "run_on": self.run_on.isoformat(),
            "raised": sum(self.raised.values()),
            "by_signal": dict(sorted(self.raised.items())),
            "holding": self.holding,
            "ended": self.ended,
        }


def run_signals(db: Session, actor: Actor) -> SignalRun:
    """Measures every computed signal at the end of `actor.today` and raises those that reached their mark.

    The number of statements grows by four for each thousand signals raised, and with nothing else.
    """
    policy, run = credit_policy(db, actor.tenant_id), SignalRun(actor.today)
    marks = policy.signals.marks
    with everything(db):
        before = _active(db, actor)
        ended, fired = set(before), list[SignalMeasure]()
        for source in installed():
            for found in source.measure(db, actor.tenant_id, actor.today):
                key = (found.customer_id, found.code)
                if not is_active(marks[SignalCode(found.code)], found.value, was_active=key in before):
                    continue
                if key in before:
                    ended.discard(key)
                    run.holding += 1
                    continue
                fired.append(found)
                if len(fired) == FIRED_AT_ONCE:
                    _raise(db, actor, policy, run, fired)
                    fired = []
        if fired:
            _raise(db, actor, policy, run, fired)
        if ended:
            _rearm(db, actor, sorted(ended))
            run.ended = len(ended)
    if run.raised or run.ended:
        journal.record(db, actor, "signals_run", data=run.as_json())
    return run


def due_day(db: Session, tenant_id: UUID, raised_on: date) -> date:
    """Returns the day by which a signal is to be decided: the next working day (R081)."""
    return work_calendar(db, tenant_id).next_working_day(raised_on + timedelta(days=1))


def _active(db: Session, actor: Actor) -> set[tuple[UUID, str]]:
    """Returns what holds; a condition found on a later day than this run's is none of its business."""
    state = SignalState
    rows = db.execute(
        sa.select(state.customer_id, state.code).where(
            state.tenant_id == actor.tenant_id, state.active, state.since_on <= actor.today
        )
    )
    return {(row.customer_id, row.code) for row in rows}


def _raise(db: Session, actor: Actor, policy: CreditPolicy, run: SignalRun, fired: Sequence[SignalMeasure]) -> None:
    figures = {(each.customer_id, each.code): {"value": each.value, **each.figures} for each in fired}
    rows = db.connection().execute(
        _ACTIVATE,
        {
            "tenant": actor.tenant_id,
            "on": actor.today,
            "customers": array_text(customer_id for customer_id, _code in figures),
            "codes": array_text(code for _customer_id, code in figures),
            "figures": array_text(_text(each) for each in figures.values()),
        },
    )
    activated = sorted((row.customer_id, row.code) for row in rows)
    new = _without_raised(db, actor, activated, figures)
    if not new:
        return
    customers = {customer_id for customer_id, _code in new}
    accounts = customer_accounts(db, actor.tenant_id, customers, policy, today=actor.today).own
    ids, proposals = [new_id() for _ in new], []
    for customer_id, code in new:
        account = accounts[customer_id]
        limit = account.limit
        proposals.append(
            proposal_for(
                SignalCode(code),
                policy.signals,
                limit.total_minor,
                limit.term_days,
                exposure_minor=account.exposure_minor if limit.unlimited else None,
            )
        )
        run.raised[code] = run.raised.get(code, 0) + 1
    db.connection().execute(
        _RAISE,
        {
            "tenant": actor.tenant_id,
            "on": actor.today,
            "by": actor.name,
            "now": actor.now,
            "due_on": due_day(db, actor.tenant_id, actor.today),
            "ids": array_text(ids),
            "customers": array_text(customer_id for customer_id, _code in new),
            "codes": array_text(code for _customer_id, code in new),
            "figures": array_text(_text(figures[key]) for key in new),
            "limits": array_text(each.limit_minor for each in proposals),
            "terms": array_text(each.term_days for each in proposals),
        },
    )
    journal.record_many(
        db,
        actor,
        [
            journal.NewEvent("signal_raised", customer_id, signal_id, {"code": code, **figures[customer_id, code]})
            for signal_id, (customer_id, code) in zip(ids, new, strict=True)
        ],
    )


def _without_raised(
    db: Session,
    actor: Actor,
    activated: Sequence[tuple[UUID, str]],
    figures: Mapping[tuple[UUID, str], dict[str, Any]],
) -> list[tuple[UUID, str]]:
    """Returns those whose facts were not raised before: a run as of another day may have let them end in between."""
    if not activated:
        return []
    rows = db.connection().execute(
        _RAISED_BEFORE,
        {
            "tenant": actor.tenant_id,
            "on": actor.today,
            "customers": array_text(customer_id for customer_id, _code in activated),
            "codes": array_text(code for _customer_id, code in activated),
            "figures": array_text(_text(figures[key]) for key in activated),
        },
    )
    known = {(row.customer_id, row.code) for row in rows}
    return [key for key in activated if key not in known]


def _rearm(db: Session, actor: Actor, ended: Sequence[tuple[UUID, str]]) -> None:
    db.connection().execute(
        _REARM,
        {
            "tenant": actor.tenant_id,
            "on": actor.today,
            "customers": array_text(customer_id for customer_id, _code in ended),
            "codes": array_text(code for _customer_id, code in ended),
        },
    )


def _text(figures: dict[str, Any]) -> str:
    return json.dumps(figures, ensure_ascii=False)


def run_the_signals(db: Session, actor: Actor, _payload: dict[str, Any]) -> None:
    """Runs the signals of the day; the next run makes up for a missed one."""
    run_signals(db, actor)


JOBS: Final = (Job(RUN_SIGNALS, run_the_signals),)
RECURRING: Final = (Recurring(RUN_SIGNALS),)
