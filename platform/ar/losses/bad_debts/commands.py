"""Bad debts: proposed with evidence, written off once others have approved, taken back when it was a mistake.

May import this slice, the ledger's commands, approvals and the kernel. Invariants: nothing is booked before the last
decision (R233); what was proposed is what is written off, or the decision is refused; writing off is no waiver, so the
memorandum accounts keep what is still owed (R234).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.commands import (
    NewAllocation,
    NewItem,
    allocate,
    lock_customers,
    post_items,
    reverse_allocation,
    reverse_item,
)
from ar.ledger.lookups import company_currency, rate_recorded_by_actor, total_of
from ar.ledger.models import Allocation, OpenItem
from ar.losses.bad_debts import evidence
from ar.losses.bad_debts.evidence import SentFile
from ar.losses.bad_debts.inputs import ProposeBadDebt, UnapplyAllocation
from ar.losses.bad_debts.totals import recovered_minor
from ar.losses.models import BadDebtCase, BadDebtCredit, BadDebtLine
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.money import read_amount
from tenants.approvals.engine import Ask, Evidence, request, withdraw
from tenants.approvals.kinds import Approved

KIND: Final = "bad_debt"


def propose(db: Session, actor: Actor, customer_id: UUID, data: ProposeBadDebt, files: Sequence[SentFile] = ()) -> UUID:
    """Proposes open debts of a customer for writing off and asks for the approval; returns the case's id (R233, R236).

    The same key again: the first answer. Raises NotFound (`customer_not_found`, `item_not_found`), RuleBroken
    (`bad_debt_nothing`, `bad_debt_too_much`, `bad_debt_item_pending`, `amount_unreadable`, `amount_not_positive`),
    what `evidence.check` raises and what asking for an approval raises.
    """
    hashes = [hashlib.sha256(file.content).hexdigest() for file in files]
    asked = {"customer": customer_id, "files": hashes, **data.model_dump(exclude={"key"})}
    return idempotency.once(
        db, actor, f"bad_debt:{data.key}", asked, lambda: _propose(db, actor, customer_id, data, files)
    )


def _propose(db: Session, actor: Actor, customer_id: UUID, data: ProposeBadDebt, files: Sequence[SentFile]) -> UUID:
    c = Customer
    if db.execute(sa.select(c.id).where(c.tenant_id == actor.tenant_id, c.id == customer_id)).first() is None:
        raise NotFound("customer_not_found")
    lock_customers(db, actor.tenant_id, [customer_id])
    lines = _lines(db, actor.tenant_id, customer_id, data)
    kept = evidence.check(files)
    case_id, number = _store(db, actor, customer_id, data, lines)
    proofs = evidence.store(db, actor, case_id, kept)
    approval_id = request(db, actor, _ask(db, actor, case_id, number, customer_id, data, lines, proofs))
    _settle(db, actor, case_id, approval_id=approval_id)
    facts = {"number": number, "reason": data.reason, "cause": data.cause, "totals": _totals(lines)}
    journal.record(db, actor, "bad_debt_proposed", customer_id=customer_id, subject_id=case_id, data=facts)
    return case_id


def _lines(db: Session, tenant_id: UUID, customer_id: UUID, data: ProposeBadDebt) -> list[tuple[Any, int]]:
    """(open item, minor units) each, in the order of the form, under the customer's lock."""
    wanted = {part.item_id: part.amount for part in data.parts}
    if not wanted:
        raise RuleBroken("bad_debt_nothing")
    i, n, k = OpenItem, BadDebtLine, BadDebtCase
    rows = db.execute(
        sa.select(i.id, i.document_no, i.currency, i.open_minor).where(
            i.tenant_id == tenant_id,
            i.customer_id == customer_id,
            i.side == 1,
            i.id == sa.any_(sa.cast(list(wanted), sa.ARRAY(sa.Uuid))),
        )
    ).all()
    if len(rows) != len(wanted):
        raise NotFound("item_not_found")
    pending = db.execute(
        sa.select(i.document_no, k.number)
        .select_from(n)
        .join(k, sa.and_(k.tenant_id == tenant_id, k.id == n.case_id))
        .join(i, sa.and_(i.tenant_id == tenant_id, i.id == n.item_id))
        .where(n.tenant_id == tenant_id, k.state == "proposed", n.item_id.in_(list(wanted)))
    ).first()
    if pending is not None:
        raise RuleBroken("bad_debt_item_pending", document_no=pending.document_no, number=pending.number)
    found = {row.id: row for row in rows}
    lines = []
    for item_id, typed in wanted.items():
        row = found[item_id]
        minor = read_amount(typed, row.currency) if typed else row.open_minor
        if minor > row.open_minor or not minor:
            raise RuleBroken("bad_debt_too_much", document_no=row.document_no)
        lines.append((row, minor))
    return lines


def _store(
    db: Session, actor: Actor, customer_id: UUID, data: ProposeBadDebt, lines: Sequence[tuple[Any, int]]
) -> tuple[UUID, str]:
    case_id, year = new_id(), actor.today.year
    number = document_number("BD", year, take_numbers(db, actor.tenant_id, f"bad_debt:{year}")[0])
    db.execute(
        sa.insert(BadDebtCase).values(
            tenant_id=actor.tenant_id,
            id=case_id,
            number=number,
            customer_id=customer_id,
            cause=data.cause,
            options=list(dict.fromkeys(data.options)),
            reason=data.reason,
            state="proposed",
            proposed_at=actor.now,
            proposed_by=actor.name,
        )
    )
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "id": line_id,
            "case_id": case_id,
            "item_id": row.id,
            "currency": row.currency,
            "amount_minor": minor,
        }
        for line_id, (row, minor) in zip(new_ids(len(lines)), lines, strict=True)
    ]
    db.execute(sa.insert(BadDebtLine), rows)
    return case_id, number


def _ask(
    db: Session,
    actor: Actor,
    case_id: UUID,
    number: str,
    customer_id: UUID,
    data: ProposeBadDebt,
    lines: Sequence[tuple[Any, int]],
    proofs: Sequence[tuple[str, str]],
) -> Ask:
    """One currency is asked for as it is; several as their worth in the company's, or without an amount at all."""
    own, sums = company_currency(db, actor.tenant_id), dict[str, int]()
    for row, minor in lines:
        sums[row.currency] = sums.get(row.currency, 0) + minor
    worth = total_of(db, actor.tenant_id, sums, own, actor.today).minor
    if any(code != own and rate_recorded_by_actor(db, actor, code) for code in sums):
        worth = None  # by a rate of the proposer's own: the whole chain decides
    amount, currency = next((minor, code) for code, minor in sums.items()) if len(sums) == 1 else (worth, own)
    facts = {
        "number": number,
        "documents": [row.document_no for row, _minor in lines],
        "totals": _totals(lines),
        "cause": data.cause,
        "options": list(data.options),
    }
    return Ask(
        KIND,
        case_id,
        customer_id,
        amount,
        currency if amount is not None else None,
        facts,
        data.reason,
        [Evidence(sha256, name) for sha256, name in proofs],
        worth,
    )


def _totals(lines: Sequence[tuple[Any, int]]) -> list[dict[str, Any]]:
    sums: dict[str, int] = {}
    for row, minor in lines:
        sums[row.currency] = sums.get(row.currency, 0) + minor
    return [{"currency": currency, "amount_minor": minor} for currency, minor in sorted(sums.items())]


def write_off(db: Session, actor: Actor, approved: Approved) -> None:
    """The effect of the last approval: per currency one `bad_debt` credit, allocated to the documents, today (R233).

    Raises Conflict(`bad_debt_paid_meanwhile`, `bad_debt_settled`), RuleBroken(`period_locked`): the decision is then
    refused, and nothing has happened.
    """
    case = hold_case(db, actor.tenant_id, approved.subject_id)
    if case.state != "proposed":
        raise Conflict("bad_debt_settled", number=case.number)
    lines = _still_open(db, actor.tenant_id, case.id)
    papers = _papers(case, lines, actor.today)
    item_ids = post_items(db, actor, papers, memo=f"{approved.number}: {case.reason}")
    paper_of = {paper.currency: item_id for paper, item_id in zip(papers, item_ids, strict=True)}
    allocate(db, actor, [NewAllocation(line.item_id, paper_of[line.currency], line.amount_minor) for line in lines])
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "id": row_id,
            "case_id": case.id,
            "item_id": paper_of[paper.currency],
            "currency": paper.currency,
            "amount_minor": paper.amount_minor,
        }
        for row_id, paper in zip(new_ids(len(papers)), papers, strict=True)
    ]
    db.execute(sa.insert(BadDebtCredit), rows)
    settled = {"settled_at": actor.now, "settled_by": actor.name}
    _settle(db, actor, case.id, state="written_off", written_off_on=actor.today, **settled)
    facts = {
        "number": case.number,
        "approval": approved.number,
        "totals": [{"currency": each.currency, "amount_minor": each.amount_minor} for each in papers],
    }
    journal.record(db, actor, "bad_debt_written_off", customer_id=case.customer_id, subject_id=case.id, data=facts)


def _papers(case: Any, lines: Sequence[Any], on: date) -> list[NewItem]:
    """One credit per currency, numbered as the case, with the currency behind it when there are several."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.amount_minor
    numbers = {currency: case.number if len(sums) == 1 else f"{case.number}-{currency}" for currency in sums}
    return [
        NewItem(case.customer_id, KIND, numbers[currency], on, on, on, currency, minor, reference=case.number)
        for currency, minor in sorted(sums.items())
    ]


def _still_open(db: Session, tenant_id: UUID, case_id: UUID) -> Sequence[Any]:
    """The case's lines while all of each is still open, under the customer's lock."""
    i, n = OpenItem, BadDebtLine
    lines = db.execute(
        sa.select(n.item_id, n.currency, n.amount_minor, i.document_no, i.open_minor)
        .join(i, sa.and_(i.tenant_id == tenant_id, i.id == n.item_id))
        .where(n.tenant_id == tenant_id, n.case_id == case_id)
        .order_by(n.id)
    ).all()
    for line in lines:
        if line.open_minor < line.amount_minor:
            raise Conflict("bad_debt_paid_meanwhile", document_no=line.document_no)
    return lines


def not_written_off(db: Session, actor: Actor, approved: Approved) -> None:
    """The approval was rejected or withdrawn: the documents may be proposed again."""
    state = "withdrawn" if approved.state == "withdrawn" else "refused"
    settled = {"settled_at": actor.now, "settled_by": actor.name, "settled_reason": approved.closing_reason}
    _settle(db, actor, approved.subject_id, state=state, **settled)
    facts = {"number": str(approved.facts.get("number", "")), "state": state, "reason": approved.closing_reason}
    journal.record(
        db, actor, "bad_debt_refused", customer_id=approved.customer_id, subject_id=approved.subject_id, data=facts
    )


def withdraw_case(db: Session, actor: Actor, case_id: UUID, reason: str) -> None:
    """Takes a proposal back. Raises NotFound, Conflict(`bad_debt_settled`), what withdrawing an approval raises."""
    k = BadDebtCase
    row = db.execute(
        sa.select(k.number, k.state, k.approval_id).where(k.tenant_id == actor.tenant_id, k.id == case_id)
    ).first()
    if row is None:
        raise NotFound("bad_debt_not_found")
    if row.state != "proposed" or row.approval_id is None:
        raise Conflict("bad_debt_settled", number=row.number)
    withdraw(db, actor, row.approval_id, reason)


def take_back(db: Session, actor: Actor, case_id: UUID, data: UnapplyAllocation) -> None:
    """Undoes a write-off made by mistake: the documents are open again as they were, the credits are reversed.

    Raises NotFound, RuleBroken (`bad_debt_not_written_off`, `bad_debt_recovered`, `period_locked`, `effective_…`).
    """
    case = hold_case(db, actor.tenant_id, case_id)
    if case.state != "written_off":
        raise RuleBroken("bad_debt_not_written_off", number=case.number)
    if any(recovered_minor(db, actor.tenant_id, case_id).values()):
        raise RuleBroken("bad_debt_recovered", number=case.number)
    b = BadDebtCredit
    papers = db.execute(
        sa.select(b.item_id).where(b.tenant_id == actor.tenant_id, b.case_id == case_id).order_by(b.currency)
    ).scalars()
    for item_id in list(papers):
        for allocation_id in standing_allocations(db, actor.tenant_id, item_id):
            reverse_allocation(db, actor, allocation_id, item_id=item_id, effective_on=data.effective_on)
        reverse_item(db, actor, item_id, effective_on=data.effective_on, memo=data.reason)
    settled = {"settled_at": actor.now, "settled_by": actor.name, "settled_reason": data.reason}
    _settle(db, actor, case_id, state="taken_back", **settled)
    facts = {"number": case.number, "reason": data.reason}
    journal.record(db, actor, "bad_debt_taken_back", customer_id=case.customer_id, subject_id=case_id, data=facts)


def hold_case(db: Session, tenant_id: UUID, case_id: UUID) -> Any:
    """The case under its customer's lock and its own. Raises NotFound(`bad_debt_not_found`)."""
    k = BadDebtCase
    where = (k.tenant_id == tenant_id, k.id == case_id)
    customer_id = db.execute(sa.select(k.customer_id).where(*where)).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("bad_debt_not_found")
    lock_customers(db, tenant_id, [customer_id])
    columns = (k.id, k.number, k.customer_id, k.state, k.reason, k.written_off_on)
    return db.execute(sa.select(*columns).where(*where).with_for_update()).one()


def standing_allocations(db: Session, tenant_id: UUID, item_id: UUID) -> list[UUID]:
    """The allocations of an item, on either side, that are not taken back."""
    a, mirror = Allocation, sa.orm.aliased(Allocation)
    return list(
        db.execute(
            sa.select(a.id).where(
                a.tenant_id == tenant_id,
                sa.or_(a.debit_item_id == item_id, a.credit_item_id == item_id),
                a.reverses_id.is_(None),
                ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == a.id),
            )
        ).scalars()
    )


def _settle(db: Session, actor: Actor, case_id: UUID, **values: object) -> None:
    k = BadDebtCase
    db.execute(sa.update(k).where(k.tenant_id == actor.tenant_id, k.id == case_id).values(**values))
