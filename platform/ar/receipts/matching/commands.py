"""Matches waiting bank lines, stores the proposals, and posts the sure ones in batches.

Invariants: customers are locked before lines, lines in id order, and proposals are rechecked under those locks before
posting; a line is posted once; a batch is posted whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.commands import first_open_on, lock_customers, lock_open_period
from ar.ledger.models import OpenItem
from ar.receipts.bank.queries import waiting_lines
from ar.receipts.matching.loading import id_in, line_columns, load_candidates, payments_of
from ar.receipts.models import BankAccount, BankLine
from ar.receipts.posting.bulk_posting import NewReceipt, post_receipts
from ar.receipts.rules.matching import Decision, Proposal, decide_all
from ar.receipts.rules.mentions import normalised_account
from kernel import journal, outbox
from kernel.actor import Actor
from kernel.arrays import array_text
from kernel.views import DbRow

ACCEPT_AT_ONCE: Final = 500
MATCH_JOB: Final = "receipts.match"
ACCEPT_JOB: Final = "receipts.accept"

_STORE_PROPOSALS = sa.text(
    """
    UPDATE bank_line SET proposal = p.proposal, proposal_state = p.tier
    FROM unnest(CAST(:ids AS uuid[]), CAST(:proposals AS jsonb[]), CAST(:tiers AS text[])) AS p (id, proposal, tier)
    WHERE bank_line.tenant_id = :tenant AND bank_line.id = p.id AND bank_line.state = 'open'
    """
)
_MARK_MATCHED = sa.text(
    """
    UPDATE bank_line SET state = 'matched', customer_id = m.customer_id, receipt_item_id = m.item_id,
        decided_by = :decided_by, decided_at = :decided_at, reason = ''
    FROM unnest(CAST(:ids AS uuid[]), CAST(:customer_ids AS uuid[]), CAST(:item_ids AS uuid[]))
        AS m (id, customer_id, item_id)
    WHERE bank_line.tenant_id = :tenant AND bank_line.id = m.id AND bank_line.state = 'open'
    """
)


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """Number of lines matched, by tier."""

    sure: int = 0
    likely: int = 0
    hand: int = 0


@dataclass(frozen=True, slots=True)
class AcceptedBatch:
    """Result of a batch: lines posted (`posted`), lines that no longer fit, and whether more are waiting."""

    posted: int
    passed_over: int
    more: bool


def match_lines(db: Session, actor: Actor, *, file_id: UUID | None = None) -> MatchCounts:
    """Matches every waiting line (of one file) and stores the proposals with it; posts nothing.

    Loads the open items once for any number of lines. Idempotent.
    """
    b = BankLine
    of_file = () if file_id is None else (b.file_id == file_id,)
    rows = db.execute(
        sa.select(*line_columns()).where(*waiting_lines(actor.tenant_id), *of_file).order_by(b.id).with_for_update(of=b)
    ).all()
    if not rows:
        return MatchCounts()
    lines = payments_of(db, actor.tenant_id, rows)
    # In booking-date order, so that the earlier payment gets the item.
    lines.sort(key=lambda line: (line.booked_on, line.id.bytes))
    decisions = decide_all(lines, load_candidates(db, actor.tenant_id, lines), actor.today)
    db.execute(
        _STORE_PROPOSALS,
        {
            "tenant": actor.tenant_id,
            "ids": array_text(line.id for line in lines),
            "proposals": array_text(json.dumps(decision_json(decision)) for decision in decisions),
            "tiers": array_text(decision.tier for decision in decisions),
        },
    )
    tiers = [decision.tier for decision in decisions]
    matched = MatchCounts(tiers.count("sure"), tiers.count("likely"), tiers.count("hand"))
    facts = {"sure": matched.sure, "likely": matched.likely, "hand": matched.hand}
    journal.record(db, actor, "bank_lines_matched", subject_id=file_id, data=facts)
    return matched


def accept_sure_matches(db: Session, actor: Actor, *, limit: int = ACCEPT_AT_ONCE) -> AcceptedBatch:
    """Posts the next sure lines, at most `limit`, each rechecked under its customer's lock.

    A line whose items have changed since falls back to `likely` and waits for a person. A fixed number of statements.
    """
    b = BankLine
    waiting = (*waiting_lines(actor.tenant_id), b.proposal_state == "sure")
    locked = lock_open_period(db, actor.tenant_id)
    in_open = b.booked_on.between(first_open_on(locked), actor.today)
    found = db.execute(
        sa.select(b.id, b.proposal).where(*waiting, in_open).order_by(b.booked_on, b.id).limit(limit + 1)
    ).all()
    more, found = len(found) > limit, found[:limit]
    if not found:
        return AcceptedBatch(0, 0, False)
    posted, moved = post_sure_lines(db, actor, {row.id: row.proposal for row in found})
    facts = {"booked": len(posted), "passed_over": len(moved)}
    journal.record(db, actor, "bank_lines_accepted", data=facts)
    return AcceptedBatch(len(posted), len(moved), more)


def post_sure_lines(
    db: Session, actor: Actor, proposals: Mapping[UUID, dict[str, Any]]
) -> tuple[list[tuple[UUID, UUID]], list[UUID]]:
    """Posts sure lines by their stored proposals; returns (line, receipt) ids, and the lines that no longer fit.

    Locks the customers, then the lines; lines decided or matched otherwise meanwhile are in neither list.
    """
    actor = lock_customers(db, actor, [best_proposal(stored).customer_id for stored in proposals.values()])
    rows = _lock_unchanged_lines(db, actor.tenant_id, proposals)
    fitting, moved = _split_by_fit(db, actor.tenant_id, rows)
    receipts = [
        receipt_of_line(row, best_proposal(row.proposal).customer_id, best_proposal(row.proposal).parts)
        for row in fitting
    ]
    item_ids = post_receipts(db, actor, receipts)
    mark_matched(
        db, actor, [(r.id, each.customer_id, item) for r, each, item in zip(fitting, receipts, item_ids, strict=True)]
    )
    if moved:
        b = BankLine
        gone = id_in(b.id, (row.id for row in moved))
        db.execute(sa.update(b).where(b.tenant_id == actor.tenant_id, gone).values(proposal_state="likely"))
    return [(row.id, item_id) for row, item_id in zip(fitting, item_ids, strict=True)], [row.id for row in moved]


def queue_next_batch(db: Session, actor: Actor) -> None:
    """Queues the next batch, on behalf of the same user."""
    outbox.put(db, actor, ACCEPT_JOB, {"by": actor.name, "user_id": str(actor.user_id) if actor.user_id else None})


def queue_matching(db: Session, actor: Actor, file_id: UUID | None = None) -> None:
    """Queues the matching of the waiting lines (of one file)."""
    outbox.put(db, actor, MATCH_JOB, {"bank_file_id": str(file_id) if file_id else None})


def mark_matched(db: Session, actor: Actor, matched: Sequence[tuple[UUID, UUID, UUID]]) -> None:
    """Marks lines as matched: (line, customer, receipt) ids. The caller has the locks on the lines."""
    if not matched:
        return
    ids, customers, items = (array_text(column) for column in zip(*matched, strict=True))
    db.execute(
        _MARK_MATCHED,
        {
            "tenant": actor.tenant_id,
            "ids": ids,
            "customer_ids": customers,
            "item_ids": items,
            "decided_by": actor.name,
            "decided_at": actor.now,
        },
    )


def receipt_of_line(
    row: DbRow, customer_id: UUID, parts: tuple[tuple[UUID, int], ...], booked_on: date | None = None
) -> NewReceipt:
    """Builds the receipt of a bank line; `row` has `line_columns`, the payer's bank, our account and its code.

    The money came on the earlier of the bank's two days: what the bank takes to book it is not the debtor's delay.
    """
    return NewReceipt(
        customer_id=customer_id,
        received_on=min(row.booked_on, row.value_on),
        booked_on=booked_on,
        bank_booked_on=row.booked_on,
        currency=row.currency,
        amount_minor=row.amount_minor,
        parts=parts,
        contra=row.account_code,
        bank_account_id=row.bank_account_id,
        bank_line_id=row.id,
        payer_name=row.payer_name,
        payer_account=normalised_account(row.payer_account),
        payer_bank=row.payer_bank,
        remittance=row.remittance,
    )


def decision_json(decision: Decision) -> dict[str, Any]:
    """Returns a decision as it is stored with the line."""
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


def stored_proposals(stored: dict[str, Any] | None) -> list[Proposal]:
    """Parses the proposals stored with a line."""
    return [
        Proposal(
            UUID(each["customer_id"]),
            tuple((UUID(item_id), int(minor)) for item_id, minor in each["parts"]),
            tuple(each["reasons"]),
            tuple(each["against"]),
        )
        for each in (stored or {}).get("proposals", ())
    ]


def best_proposal(stored: dict[str, Any]) -> Proposal:
    """Returns the first stored proposal, which a sure line always has."""
    return stored_proposals(stored)[0]


def _lock_unchanged_lines(db: Session, tenant_id: UUID, expected: Mapping[UUID, Any]) -> list[Any]:
    """Locks the lines in id order; leaves out those that were decided or matched again in the meantime."""
    b, a = BankLine, BankAccount
    rows = db.execute(
        sa.select(
            *line_columns(), b.payer_bank, b.bank_account_id, b.proposal, b.state, b.proposal_state, a.account_code
        )
        .join(a, sa.and_(a.tenant_id == tenant_id, a.id == b.bank_account_id))
        .where(b.tenant_id == tenant_id, id_in(b.id, expected))
        .order_by(b.id)
        .with_for_update(of=b)
    )
    waiting = (row for row in rows if (row.state, row.proposal_state) == ("open", "sure"))
    return sorted((row for row in waiting if row.proposal == expected[row.id]), key=lambda row: (row.booked_on, row.id))


def _split_by_fit(db: Session, tenant_id: UUID, rows: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Splits locked lines into those whose items are still open as proposed, after the lines before, and the others."""
    rows, i = list(rows), OpenItem
    wanted = {item_id for row in rows for item_id, _minor in best_proposal(row.proposal).parts}
    opens: dict[UUID, int] = {
        row.id: row.open_minor
        for row in db.execute(sa.select(i.id, i.open_minor).where(i.tenant_id == tenant_id, id_in(i.id, wanted)))
    }
    fitting: list[Any] = []
    moved: list[Any] = []
    for row in rows:
        parts = best_proposal(row.proposal).parts
        # Exactly as proposed: an item partly paid since is no longer a sure match.
        fits = all(opens.get(item_id) == minor for item_id, minor in parts)
        (fitting if fits else moved).append(row)
        for item_id, minor in parts if fits else ():
            opens[item_id] -= minor
    return fitting, moved
