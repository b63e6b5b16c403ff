"""Keeps for each bank account what its statements say together: where balances do not continue, and through which day.

Invariant: derived from statements and sightings alone, so it can be computed again at any time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.receipts.bank.movements.inputs import AccountForBreak
from ar.receipts.bank.movements.models import BankStatement, ChainBreakNote
from ar.receipts.models import BankAccount
from ar.receipts.rules.statement_chain import ChainBreak, ChainStatement, chain_breaks
from kernel import idempotency
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.errors import Conflict, NotFound
from kernel.ids import new_id
from kernel.journal import record

#: Lines that several statements with balances hold, with each of these statements.
_SHARED = sa.text("""
    WITH sighted AS (
        SELECT DISTINCT g.line_id FROM bank_line_sighting AS g
        JOIN bank_line AS l ON l.tenant_id = :tenant AND l.id = g.line_id
        WHERE g.tenant_id = :tenant AND l.bank_account_id = :account AND l.status = 'booked'
    )
    SELECT l.statement_id, l.id AS line_id, l.side * l.amount_minor AS signed_minor
    FROM sighted AS s JOIN bank_line AS l ON l.tenant_id = :tenant AND l.id = s.line_id
    WHERE l.tenant_id = :tenant AND l.statement_id IS NOT NULL
    UNION
    SELECT g.statement_id, l.id, l.side * l.amount_minor
    FROM sighted AS s
    JOIN bank_line AS l ON l.tenant_id = :tenant AND l.id = s.line_id
    JOIN bank_line_sighting AS g ON g.tenant_id = :tenant AND g.line_id = l.id
    WHERE l.tenant_id = :tenant
""")


def keep_chain(db: Session, tenant_id: UUID, account_id: UUID) -> None:
    """Computes the chain of an account's statements again and keeps the result with the account."""
    notes = ChainBreakNote
    rows = db.execute(
        sa.select(notes.before_statement_id, notes.after_statement_id, notes.off_minor).where(
            notes.tenant_id == tenant_id, notes.bank_account_id == account_id
        )
    )
    explained = [(before_id, after_id, off_minor) for before_id, after_id, off_minor in rows]
    breaks, through_on = chain_breaks(_statements(db, tenant_id, account_id), explained)
    db.execute(
        sa.update(BankAccount)
        .where(BankAccount.tenant_id == tenant_id, BankAccount.id == account_id)
        .values(chain_breaks=[_break_json(each) for each in breaks], chain_through_on=through_on)
    )


def account_for_break(db: Session, actor: Actor, account_id: UUID, data: AccountForBreak) -> None:
    """Records why the balances of two statements do not continue; the break no longer stops "posted through".

    The same key again changes nothing. Raises NotFound(`bank_account_not_found`), Conflict(`chain_break_gone`).
    """
    request = {"account": account_id, **data.model_dump(exclude={"key"})}
    if not idempotency.first_time(db, actor, f"chain-break:{data.key}", request):
        return
    actor = lock_counter(db, actor, "bank_lines")
    account = BankAccount
    stored = db.execute(
        sa.select(account.chain_breaks).where(account.tenant_id == actor.tenant_id, account.id == account_id)
    ).scalar_one_or_none()
    if stored is None:
        raise NotFound("bank_account_not_found")
    named = [str(data.before_id), str(data.after_id), data.off_minor]
    if named not in [[each["before"]["id"], each["after"]["id"], each["off_minor"]] for each in stored]:
        raise Conflict("chain_break_gone")
    db.execute(
        sa.insert(ChainBreakNote).values(
            tenant_id=actor.tenant_id,
            id=new_id(),
            bank_account_id=account_id,
            before_statement_id=data.before_id,
            after_statement_id=data.after_id,
            off_minor=data.off_minor,
            reason=data.reason,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    keep_chain(db, actor.tenant_id, account_id)
    record(db, actor, "chain_break_explained", subject_id=account_id, data={"reason": data.reason})


def _statements(db: Session, tenant_id: UUID, account_id: UUID) -> list[ChainStatement]:
    s = BankStatement
    rows = db.execute(
        sa.select(
            s.id,
            s.number,
            s.opening_minor,
            s.closing_minor,
            sa.func.coalesce(s.first_on, s.closed_on).label("first_on"),
            sa.func.greatest(s.last_on, s.closed_on).label("last_on"),
            s.lines,
        )
        .where(
            s.tenant_id == tenant_id,
            s.bank_account_id == account_id,
            s.opening_minor.is_not(None),
            s.closing_minor.is_not(None),
            sa.func.coalesce(s.first_on, s.closed_on).is_not(None),
        )
        .order_by(s.recorded_at, s.ordinal, s.id)
    ).all()
    shared: dict[UUID, dict[Hashable, int]] = defaultdict(dict)
    for row in db.execute(_SHARED, {"tenant": tenant_id, "account": account_id}) if len(rows) > 1 else ():
        shared[row.statement_id][row.line_id] = row.signed_minor
    return [
        ChainStatement(
            id=row.id,
            number=row.number,
            opening_minor=row.opening_minor,
            closing_minor=row.closing_minor,
            first_on=row.first_on,
            last_on=row.last_on,
            lines=row.lines,
            arrival=arrival,
            shared=shared.get(row.id, {}),
        )
        for arrival, row in enumerate(rows)
    ]


def _break_json(each: ChainBreak) -> dict[str, Any]:
    return {
        "kind": each.kind,
        "off_minor": each.off_minor,
        "before": _statement_json(each.before, each.before.closing_minor),
        "after": _statement_json(each.after, each.after.opening_minor),
    }


def _statement_json(statement: ChainStatement, balance_minor: int) -> dict[str, Any]:
    return {
        "id": str(statement.id),
        "number": statement.number,
        "first_on": statement.first_on.isoformat(),
        "last_on": statement.last_on.isoformat(),
        "balance_minor": balance_minor,
    }
