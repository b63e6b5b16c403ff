"""Matching as it changes state: proposals kept with the lines, the sure ones booked in batches, and the machine's part.

May import the ledger, this slice and the kernel. Invariants: customers are locked before lines, lines in id order, and
what is booked was looked at again under those locks; a line is booked once; a batch is booked whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.commands import first_open_on, lock_customers, lock_open_period
from ar.ledger.models import OpenItem
from ar.receipts.matching.loading import among, as_lines, line_columns, load_books, to_decide
from ar.receipts.models import BankAccount, BankLine
from ar.receipts.posting.booking import NewReceipt, book_receipts
from ar.receipts.rules.matching import Decision, Proposal, decide_all
from ar.receipts.rules.mentions import plain_account
from kernel import journal, outbox
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.views import DbRow

ACCEPT_AT_ONCE: Final = 500
MATCH_JOB: Final = "receipts.match"
ACCEPT_JOB: Final = "receipts.accept"

_STORE = sa.text(
    """
    UPDATE bank_line SET proposal = p.proposal, proposal_state = p.tier
    FROM unnest(CAST(:ids AS uuid[]), CAST(:proposals AS jsonb[]), CAST(:tiers AS text[])) AS p (id, proposal, tier)
    WHERE bank_line.tenant_id = :tenant AND bank_line.id = p.id AND bank_line.state = 'open'
    """
)
_MATCHED = sa.text(
    """
    UPDATE bank_line SET state = 'matched', customer_id = m.customer_id, receipt_item_id = m.item_id,
        decided_by = :decided_by, decided_at = :decided_at, reason = ''
    FROM unnest(CAST(:ids AS uuid[]), CAST(:customer_ids AS uuid[]), CAST(:item_ids AS uuid[]))
        AS m (id, customer_id, item_id)
    WHERE bank_line.tenant_id = :tenant AND bank_line.id = m.id AND bank_line.state = 'open'
    """
)


@dataclass(frozen=True, slots=True)
class Matched:
    """How many lines were decided, by tier."""

    sure: int = 0
    likely: int = 0
    hand: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """A batch of sure lines: how many were booked, how many no longer fitted, and whether more wait."""

    booked: int
    passed_over: int
    more: bool


def match_lines(db: Session, actor: Actor, *, file_id: UUID | None = None) -> Matched:
    """Decides every waiting line (of one file) and keeps the proposals with them; books nothing.

    The books are read once, whatever the number of lines. A second run writes the same again.
    """
    b = BankLine
    of_file = () if file_id is None else (b.file_id == file_id,)
    rows = db.execute(
        sa.select(*line_columns()).where(*to_decide(actor.tenant_id), *of_file).order_by(b.id).with_for_update(of=b)
    ).all()
    if not rows:
        return Matched()
    lines = as_lines(db, actor.tenant_id, rows)
    # What a file waits for is decided in the order of the bank's days, so that the earlier payment takes the item.
    lines.sort(key=lambda line: (line.booked_on, line.id.bytes))
    decisions = decide_all(lines, load_books(db, actor.tenant_id, lines), actor.today)
    db.execute(
        _STORE,
        {
            "tenant": actor.tenant_id,
            "ids": array_text(line.id for line in lines),
            "proposals": array_text(json.dumps(as_json(decision)) for decision in decisions),
            "tiers": array_text(decision.tier for decision in decisions),
        },
    )
    tiers = [decision.tier for decision in decisions]
    matched = Matched(tiers.count("sure"), tiers.count("likely"), tiers.count("hand"))
    facts = {"sure": matched.sure, "likely": matched.likely, "hand": matched.hand}
    journal.record(db, actor, "bank_lines_matched", subject_id=file_id, data=facts)
    return matched


def accept_sure(db: Session, actor: Actor, *, limit: int = ACCEPT_AT_ONCE) -> Accepted:
    """Books the next sure lines, at most `limit`: each is looked at again under its customer's lock.

    A line whose documents have moved since falls back to `likely` and waits for a person. Constant statements.
    """
    b = BankLine
    waiting = (*to_decide(actor.tenant_id), b.proposal_state == "sure")
    locked = lock_open_period(db, actor.tenant_id)
    in_open = b.booked_on.between(first_open_on(locked), actor.today)
    found = db.execute(
        sa.select(b.id, b.proposal).where(*waiting, in_open).order_by(b.booked_on, b.id).limit(limit + 1)
    ).all()
    more, found = len(found) > limit, found[:limit]
    if not found:
        return Accepted(0, 0, False)
    lock_customers(db, actor.tenant_id, [best(row.proposal).customer_id for row in found])
    rows = _hold_again(db, actor.tenant_id, {row.id: row.proposal for row in found})
    fitting, moved = _still_fitting(db, actor.tenant_id, rows)
    receipts = [as_receipt(row, best(row.proposal).customer_id, best(row.proposal).parts) for row in fitting]
    item_ids = book_receipts(db, actor, receipts)
    mark_matched(
        db, actor, [(r.id, each.customer_id, item) for r, each, item in zip(fitting, receipts, item_ids, strict=True)]
    )
    if moved:
        gone = among(b.id, (row.id for row in moved))
        db.execute(sa.update(b).where(b.tenant_id == actor.tenant_id, gone).values(proposal_state="likely"))
    facts = {"booked": len(fitting), "passed_over": len(moved)}
    journal.record(db, actor, "bank_lines_accepted", data=facts)
    return Accepted(len(fitting), len(moved), more)


def go_on_accepting(db: Session, actor: Actor) -> None:
    """Leaves the further batches to the queue, in the name of whoever asked."""
    outbox.put(db, actor, ACCEPT_JOB, {"by": actor.name, "user_id": str(actor.user_id) if actor.user_id else None})


def ask_to_match(db: Session, actor: Actor, file_id: UUID | None = None) -> None:
    """Has the lines (of one file) matched by the queue."""
    outbox.put(db, actor, MATCH_JOB, {"bank_file_id": str(file_id) if file_id else None})


def mark_matched(db: Session, actor: Actor, matched: Sequence[tuple[UUID, UUID, UUID]]) -> None:
    """Notes with each line (id, customer, receipt) what became of it; the caller holds the lines."""
    if not matched:
        return
    ids, customers, items = (array_text(column) for column in zip(*matched, strict=True))
    db.execute(
        _MATCHED,
        {
            "tenant": actor.tenant_id,
            "ids": ids,
            "customer_ids": customers,
            "item_ids": items,
            "decided_by": actor.name,
            "decided_at": actor.now,
        },
    )


def as_receipt(
    row: DbRow, customer_id: UUID, parts: tuple[tuple[UUID, int], ...], received_on: date | None = None
) -> NewReceipt:
    """The receipt that a bank line becomes; `row` has `line_columns`, the payer's bank, account and its code."""
    return NewReceipt(
        customer_id=customer_id,
        received_on=received_on or row.booked_on,
        currency=row.currency,
        amount_minor=row.amount_minor,
        parts=parts,
        contra=row.account_code,
        bank_account_id=row.bank_account_id,
        bank_line_id=row.id,
        payer_name=row.payer_name,
        payer_account=plain_account(row.payer_account),
        payer_bank=row.payer_bank,
        remittance=row.remittance,
    )


def as_json(decision: Decision) -> dict[str, Any]:
    """A decision as it is kept with the line."""
    return {
        "tier": decision.tier,
        "against": list(decision.against),
        "proposals": [
            {
                "customer_id": str(each.customer_id),
                "parts": [[str(item_id), minor] for item_id, minor in each.parts],
                "reasons": list(each.reasons),
                "against": list(each.against),
            }
            for each in decision.proposals
        ],
    }


def proposals_of(kept: dict[str, Any] | None) -> list[Proposal]:
    """The proposals kept with a line."""
    return [
        Proposal(
            UUID(each["customer_id"]),
            tuple((UUID(item_id), int(minor)) for item_id, minor in each["parts"]),
            tuple(each["reasons"]),
            tuple(each["against"]),
        )
        for each in (kept or {}).get("proposals", ())
    ]


def best(kept: dict[str, Any]) -> Proposal:
    """The first of them, which a sure line always has."""
    return proposals_of(kept)[0]


def _hold_again(db: Session, tenant_id: UUID, seen: dict[UUID, Any]) -> list[Any]:
    """The lines under their locks, in id order; those that somebody decided or matched anew meanwhile are left out."""
    b, a = BankLine, BankAccount
    rows = db.execute(
        sa.select(
            *line_columns(), b.payer_bank, b.bank_account_id, b.proposal, b.state, b.proposal_state, a.account_code
        )
        .join(a, sa.and_(a.tenant_id == tenant_id, a.id == b.bank_account_id))
        .where(b.tenant_id == tenant_id, among(b.id, seen))
        .order_by(b.id)
        .with_for_update(of=b)
    )
    waits = (row for row in rows if (row.state, row.proposal_state) == ("open", "sure"))
    return sorted((row for row in waits if row.proposal == seen[row.id]), key=lambda row: (row.booked_on, row.id))


def _still_fitting(db: Session, tenant_id: UUID, rows: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Under the lock: the lines whose documents are open as proposed, counting what lines before them take."""
    rows, i = list(rows), OpenItem
    wanted = {item_id for row in rows for item_id, _minor in best(row.proposal).parts}
    opens: dict[UUID, int] = {
        row.id: row.open_minor
        for row in db.execute(sa.select(i.id, i.open_minor).where(i.tenant_id == tenant_id, among(i.id, wanted)))
    }
    fitting: list[Any] = []
    moved: list[Any] = []
    for row in rows:
        parts = best(row.proposal).parts
        # Exactly as proposed: a document that was paid in part since is not the one that was sure.
        fits = all(opens.get(item_id) == minor for item_id, minor in parts)
        (fitting if fits else moved).append(row)
        for item_id, minor in parts if fits else ():
            opens[item_id] -= minor
    return fitting, moved
