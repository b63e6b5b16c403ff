"""Queries of the matching page: the bank lines, and the chosen line with its proposals.

Invariants: read only; the proposals of an open line are computed from the items open now, not taken from the last
matching run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from ar.receipts.bank.queries import waiting_lines
from ar.receipts.matching.commands import stored_proposals
from ar.receipts.matching.loading import load_candidates, payments_of
from ar.receipts.models import BankAccount, BankFile, BankLine
from ar.receipts.rules.candidates import CandidateItem
from ar.receipts.rules.matching import Proposal, decide
from kernel.actor import Actor
from kernel.errors import NotFound
from kernel.ids import parse_uuid
from kernel.money import BadAmount, parse_amount
from kernel.views import select_view, value, view, views
from web import filters

FILES_MAX: Final = 30


@dataclass(frozen=True)
class MatchFilters:
    """Filters in the URL; `line` is the chosen line, `customer` one chosen instead of the proposed one."""

    state: str = filters.choice("open", "sure", "likely", "hand", "matched", "set_aside")
    q: str = filters.text()
    amount: str = filters.text(max_length=40)
    account: str = filters.text(max_length=36)
    file: str = filters.text(max_length=36)
    line: str = filters.text(max_length=36)
    customer: str = filters.text(max_length=80)
    proposal: int | None = filters.whole(None, least=0, most=9)


@dataclass(frozen=True, slots=True)
class MatchLine:
    """A bank line in the left pane."""

    id: UUID
    booked_on: date
    currency: str
    amount_minor: int
    remittance: str
    end_to_end_id: str
    payer_name: str
    payer_account: str
    split: list[Any] | None
    payer_bank: str
    bank_account_id: UUID
    account: str
    file_id: UUID
    side: int
    return_state: str | None
    state: str
    proposal_state: str | None
    customer_id: UUID | None
    customer_name: str | None
    receipt_item_id: UUID | None
    receipt_no: str | None
    reason: str
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class MatchList:
    """A page of lines, with counts by state and tier."""

    lines: list[MatchLine]
    total: int
    counts: dict[str, int]
    accounts: list[tuple[str, str]]
    files: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal with the customer's name and the documents with the amount (minor units) allocated to each."""

    customer_id: UUID
    customer_no: str
    customer_name: str
    parts: tuple[tuple[UUID, int], ...]
    documents: tuple[tuple[str, int], ...]
    reasons: tuple[str, ...]
    against: tuple[str, ...]
    rest_minor: int


@dataclass(frozen=True, slots=True)
class ChosenLine:
    """The line in the right pane with its proposals."""

    line: MatchLine
    tier: str
    against: tuple[str, ...]
    proposals: tuple[ProposalView, ...]
    refused: frozenset[UUID]


def match_list(db: Session, tenant_id: UUID, wanted: MatchFilters, *, offset: int = 0, limit: int = 50) -> MatchList:
    """Returns the lines that pass the filters, oldest first (decided ones newest first), with all counts."""
    b = BankLine
    common = [b.tenant_id == tenant_id, b.side == 1, b.status == "booked", *_conditions(wanted)]
    tier = sa.func.coalesce(b.proposal_state, "hand")
    counts = {
        (state, certainty): number
        for state, certainty, number in db.execute(
            sa.select(b.state, tier, sa.func.count()).where(*common).group_by(b.state, tier)
        )
    }
    by_state = {
        "open": sum(n for (state, _tier), n in counts.items() if state == "open"),
        **{word: counts.get(("open", word), 0) for word in ("sure", "likely", "hand")},
        **{word: sum(n for (state, _t), n in counts.items() if state == word) for word in ("matched", "set_aside")},
    }
    chosen = [b.state == "open", tier == wanted.state] if wanted.state in ("sure", "likely", "hand") else None
    limits = chosen or [b.state == wanted.state]
    order = (b.booked_on, b.id) if wanted.state not in ("matched", "set_aside") else (b.booked_on.desc(), b.id.desc())
    rows = db.execute(_lines(tenant_id).where(*common, *limits).order_by(*order).offset(offset).limit(limit))
    return MatchList(
        views(MatchLine, rows), by_state[wanted.state], by_state, _accounts(db, tenant_id), _files(db, tenant_id)
    )


def find_line(db: Session, tenant_id: UUID, line_id: UUID) -> MatchLine:
    """Returns a line of money in. Raises NotFound(`bank_line_not_found`)."""
    row = db.execute(_lines(tenant_id).where(BankLine.id == line_id)).first()
    if row is None:
        raise NotFound("bank_line_not_found")
    return view(MatchLine, row)


def next_line(db: Session, tenant_id: UUID, wanted: MatchFilters, after: MatchLine) -> UUID | None:
    """Returns the next waiting line under these filters after `after`, else the first."""
    b = BankLine
    certain = [b.proposal_state == wanted.state] if wanted.state in ("sure", "likely") else []
    place = sa.tuple_(b.booked_on, b.id) > sa.tuple_(sa.literal(after.booked_on), sa.literal(after.id))
    where = [*waiting_lines(tenant_id), *_conditions(wanted), *certain, b.id != after.id]
    return db.execute(
        sa.select(b.id).where(*where).order_by(place.desc(), b.booked_on, b.id).limit(1)
    ).scalar_one_or_none()


def chosen_line(db: Session, actor: Actor, line_id: UUID) -> ChosenLine:
    """Returns a line with its proposals computed from the items open now; a decided line has none."""
    line = find_line(db, actor.tenant_id, line_id)
    if line.state != "open":
        return ChosenLine(line, "", (), (), frozenset())
    (payment,) = payments_of(db, actor.tenant_id, [line])
    stored = db.execute(
        sa.select(BankLine.proposal).where(BankLine.tenant_id == actor.tenant_id, BankLine.id == line_id)
    ).scalar_one()
    before = {item_id for each in stored_proposals(stored) for item_id, _minor in each.parts}
    index = load_candidates(db, actor.tenant_id, [payment], before)
    decision = decide(payment, index, actor.today)
    items = index.items_by_id(item_id for each in decision.proposals for item_id, _minor in each.parts)
    customers = _customers(db, actor.tenant_id, [each.customer_id for each in decision.proposals])
    proposals = tuple(_proposal_view(each, customers, items, line.amount_minor) for each in decision.proposals)
    return ChosenLine(line, decision.tier, decision.against, proposals, payment.refused)


def customer_name(db: Session, tenant_id: UUID, customer_id: UUID) -> str:
    """Returns the customer's name; empty when unknown in this tenant."""
    return _customers(db, tenant_id, [customer_id]).get(customer_id, ("", ""))[1]


def _proposal_view(
    each: Proposal, customers: dict[UUID, tuple[str, str]], items: dict[UUID, CandidateItem], amount_minor: int
) -> ProposalView:
    number, name = customers.get(each.customer_id, ("", ""))
    documents = tuple((items[item_id].document_no, minor) for item_id, minor in each.parts)
    rest = amount_minor - sum(minor for _item, minor in each.parts)
    return ProposalView(each.customer_id, number, name, each.parts, documents, each.reasons, each.against, rest)


def _customers(db: Session, tenant_id: UUID, ids: list[UUID]) -> dict[UUID, tuple[str, str]]:
    c = Customer
    rows = db.execute(sa.select(c.id, c.number, c.name).where(c.tenant_id == tenant_id, c.id.in_(ids)))
    return {customer_id: (number, name) for customer_id, number, name in rows}


def _lines(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    line, account, customer, item = BankLine, BankAccount, Customer, OpenItem
    return (
        select_view(
            MatchLine,
            id=value(line.id),
            booked_on=value(line.booked_on),
            currency=value(line.currency),
            amount_minor=value(line.amount_minor),
            remittance=value(line.remittance),
            end_to_end_id=value(line.end_to_end_id),
            payer_name=value(line.payer_name),
            payer_account=value(line.payer_account),
            split=value(line.split),
            payer_bank=value(line.payer_bank),
            bank_account_id=value(line.bank_account_id),
            account=value(account.name),
            file_id=value(line.file_id),
            side=value(line.side),
            return_state=value(line.return_state),
            state=value(line.state),
            proposal_state=value(line.proposal_state),
            customer_id=value(line.customer_id),
            customer_name=value(customer.name),
            receipt_item_id=value(line.receipt_item_id),
            receipt_no=value(item.document_no),
            reason=value(line.reason),
            decided_by=value(line.decided_by),
            decided_at=value(line.decided_at),
        )
        .select_from(line)
        .join(account, sa.and_(account.tenant_id == tenant_id, account.id == line.bank_account_id))
        .outerjoin(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == line.customer_id))
        .outerjoin(item, sa.and_(item.tenant_id == tenant_id, item.id == line.receipt_item_id))
        .where(line.tenant_id == tenant_id, line.side == 1)
    )


def _conditions(wanted: MatchFilters) -> list[sa.ColumnElement[bool]]:
    b = BankLine
    limits: list[sa.ColumnElement[bool]] = []
    if wanted.q:
        texts = (b.remittance, b.payer_name, b.payer_account, b.end_to_end_id)
        limits.append(sa.or_(*(text.icontains(wanted.q, autoescape=True) for text in texts)))
    if wanted.amount:
        limits.append(_amount_condition(wanted.amount))
    if (account := parse_uuid(wanted.account)) is not None:
        limits.append(b.bank_account_id == account)
    if (file := parse_uuid(wanted.file)) is not None:
        limits.append(b.file_id == file)
    return limits


def _amount_condition(text: str) -> sa.ColumnElement[bool]:
    """Returns the condition of lines with this amount in any currency; text that is no amount matches nothing."""
    b, amounts = BankLine, dict[str, int]()
    for currency, decimals in (("CNY", 2), ("JPY", 0), ("KWD", 3)):
        try:
            amounts[str(decimals)] = parse_amount(text, currency)
        except BadAmount:
            continue
    if not amounts:
        return b.amount_minor < 0
    return b.amount_minor.in_(sorted(set(amounts.values())))


def _accounts(db: Session, tenant_id: UUID) -> list[tuple[str, str]]:
    a = BankAccount
    rows = db.execute(sa.select(a.id, a.name).where(a.tenant_id == tenant_id).order_by(a.name, a.id))
    return [(str(found_id), name) for found_id, name in rows]


def _files(db: Session, tenant_id: UUID) -> list[tuple[str, str]]:
    f = BankFile
    rows = db.execute(
        sa.select(f.id, f.filename)
        .where(f.tenant_id == tenant_id, f.state == "read")
        .order_by(f.uploaded_at.desc(), f.id)
        .limit(FILES_MAX)
    )
    return [(str(found_id), name) for found_id, name in rows]
