"""Proposes bad debts with evidence, writes them off once approved, reverses write-offs made by mistake.

Invariants: nothing is posted before the last decision (R233); the debts proposed are the debts written off, or the
decision is refused; a write-off is no waiver, so the memorandum accounts keep what is still owed (R234).
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
from ar.losses.bad_debts.evidence import check_files, store_files
from ar.losses.bad_debts.inputs import ProposeBadDebt
from ar.losses.bad_debts.totals import recovered_minor
from ar.losses.inputs import ReverseLoss
from ar.losses.models import BadDebtCase, BadDebtCredit, BadDebtLine
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import document_number, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.money import parse_positive_amount
from kernel.uploads import UploadedFile
from tenants.approvals.engine import ApprovalRequest, Evidence, request, withdraw
from tenants.approvals.kinds import Approved

KIND: Final = "bad_debt"


def propose_bad_debt(
    db: Session, actor: Actor, customer_id: UUID, data: ProposeBadDebt, files: Sequence[UploadedFile] = ()
) -> UUID:
    """Proposes open debts of a customer for write-off and requests the approval; returns the case's id (R233, R236).

    Idempotent by `data.key`. Raises NotFound (`customer_not_found`, `item_not_found`), RuleBroken
    (`bad_debt_nothing`, `bad_debt_too_much`, `bad_debt_item_pending`, `amount_unreadable`, `amount_not_positive`),
    what `check_files` and what requesting an approval raise.
    """
    hashes = [hashlib.sha256(file.content).hexdigest() for file in files]
    asked = {"customer": customer_id, "files": hashes, **data.model_dump(exclude={"key"})}
    return idempotency.once(
        db, actor, f"bad_debt:{data.key}", asked, lambda: _propose(db, actor, customer_id, data, files)
    )


def _propose(db: Session, actor: Actor, customer_id: UUID, data: ProposeBadDebt, files: Sequence[UploadedFile]) -> UUID:
    customer = sa.select(Customer.id).where(Customer.tenant_id == actor.tenant_id, Customer.id == customer_id)
    if db.execute(customer).first() is None:
        raise NotFound("customer_not_found")
    actor = lock_customers(db, actor, [customer_id])
    lines = _lines(db, actor.tenant_id, customer_id, data)
    checked = check_files(files)
    case_id, number = _store(db, actor, customer_id, data, lines)
    proofs = store_files(db, actor, case_id, checked)
    approval_id = request(db, actor, _approval_request(db, actor, case_id, number, customer_id, data, lines, proofs))
    _update_case(db, actor, case_id, approval_id=approval_id)
    facts = {"number": number, "reason": data.reason, "cause": data.cause, "totals": _totals(lines)}
    journal.record(db, actor, "bad_debt_proposed", customer_id=customer_id, subject_id=case_id, data=facts)
    return case_id


def _lines(db: Session, tenant_id: UUID, customer_id: UUID, data: ProposeBadDebt) -> list[tuple[Any, int]]:
    """Returns (open item, minor units) in the order of the form; the caller has the customer's lock."""
    amounts = {part.item_id: part.amount for part in data.parts}
    if not amounts:
        raise RuleBroken("bad_debt_nothing")
    item, line, case = OpenItem, BadDebtLine, BadDebtCase
    rows = db.execute(
        sa.select(item.id, item.document_no, item.currency, item.open_minor).where(
            item.tenant_id == tenant_id,
            item.customer_id == customer_id,
            item.side == 1,
            item.id == sa.any_(sa.cast(list(amounts), sa.ARRAY(sa.Uuid))),
        )
    ).all()
    if len(rows) != len(amounts):
        raise NotFound("item_not_found")
    pending = db.execute(
        sa.select(item.document_no, case.number)
        .select_from(line)
        .join(case, sa.and_(case.tenant_id == tenant_id, case.id == line.case_id))
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == line.item_id))
        .where(line.tenant_id == tenant_id, case.state == "proposed", line.item_id.in_(list(amounts)))
    ).first()
    if pending is not None:
        raise RuleBroken("bad_debt_item_pending", document_no=pending.document_no, number=pending.number)
    found = {row.id: row for row in rows}
    lines = []
    for item_id, typed in amounts.items():
        row = found[item_id]
        minor = parse_positive_amount(typed, row.currency) if typed else row.open_minor
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


def _approval_request(
    db: Session,
    actor: Actor,
    case_id: UUID,
    number: str,
    customer_id: UUID,
    data: ProposeBadDebt,
    lines: Sequence[tuple[Any, int]],
    proofs: Sequence[tuple[str, str]],
) -> ApprovalRequest:
    """Returns the approval request: one currency as it is, several as their value in the company's, if known."""
    own, sums = company_currency(db, actor.tenant_id), dict[str, int]()
    for row, minor in lines:
        sums[row.currency] = sums.get(row.currency, 0) + minor
    worth = total_of(db, actor.tenant_id, sums, own, actor.today).minor
    if any(code != own and rate_recorded_by_actor(db, actor, code) for code in sums):
        worth = None  # converted at a rate the proposer typed: the whole chain decides
    amount, currency = next((minor, code) for code, minor in sums.items()) if len(sums) == 1 else (worth, own)
    facts = {
        "number": number,
        "documents": [row.document_no for row, _minor in lines],
        "totals": _totals(lines),
        "cause": data.cause,
        "options": list(data.options),
    }
    return ApprovalRequest(
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
    """Posts per currency one `bad_debt` credit dated today, allocated to the documents; runs on final approval (R233).

    Raises Conflict(`bad_debt_paid_meanwhile`, `bad_debt_settled`), RuleBroken(`period_locked`): the decision is then
    refused and nothing is posted.
    """
    actor, case = lock_case(db, actor, approved.subject_id)
    if case.state != "proposed":
        raise Conflict("bad_debt_settled", number=case.number)
    lines = _require_still_open(db, actor.tenant_id, case.id)
    credit_notes = _credit_notes(case, lines, actor.today)
    item_ids = post_items(db, actor, credit_notes, memo=f"{approved.number}: {case.reason}")
    credit_ids = {credit.currency: item_id for credit, item_id in zip(credit_notes, item_ids, strict=True)}
    allocate(db, actor, [NewAllocation(line.item_id, credit_ids[line.currency], line.amount_minor) for line in lines])
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "id": row_id,
            "case_id": case.id,
            "item_id": credit_ids[credit.currency],
            "currency": credit.currency,
            "amount_minor": credit.amount_minor,
        }
        for row_id, credit in zip(new_ids(len(credit_notes)), credit_notes, strict=True)
    ]
    db.execute(sa.insert(BadDebtCredit), rows)
    settled = {"settled_at": actor.now, "settled_by": actor.name}
    _update_case(db, actor, case.id, state="written_off", written_off_on=actor.today, **settled)
    facts = {
        "number": case.number,
        "approval": approved.number,
        "totals": [{"currency": each.currency, "amount_minor": each.amount_minor} for each in credit_notes],
    }
    journal.record(db, actor, "bad_debt_written_off", customer_id=case.customer_id, subject_id=case.id, data=facts)


def _credit_notes(case: Any, lines: Sequence[Any], on: date) -> list[NewItem]:
    """Returns one credit per currency, numbered as the case, with the currency appended when there are several."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.amount_minor
    numbers = {currency: case.number if len(sums) == 1 else f"{case.number}-{currency}" for currency in sums}
    return [
        NewItem(case.customer_id, KIND, numbers[currency], on, on, on, currency, minor, reference=case.number)
        for currency, minor in sorted(sums.items())
    ]


def _require_still_open(db: Session, tenant_id: UUID, case_id: UUID) -> Sequence[Any]:
    """Returns the case's lines; the caller has the customer's lock. Raises Conflict(`bad_debt_paid_meanwhile`)."""
    item, proposed = OpenItem, BadDebtLine
    lines = db.execute(
        sa.select(proposed.item_id, proposed.currency, proposed.amount_minor, item.document_no, item.open_minor)
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == proposed.item_id))
        .where(proposed.tenant_id == tenant_id, proposed.case_id == case_id)
        .order_by(proposed.id)
    ).all()
    for line in lines:
        if line.open_minor < line.amount_minor:
            raise Conflict("bad_debt_paid_meanwhile", document_no=line.document_no)
    return lines


def close_unapproved(db: Session, actor: Actor, approved: Approved) -> None:
    """Closes a case whose approval was rejected or withdrawn; its documents may be proposed again."""
    state = "withdrawn" if approved.state == "withdrawn" else "refused"
    settled = {"settled_at": actor.now, "settled_by": actor.name, "settled_reason": approved.closing_reason}
    _update_case(db, actor, approved.subject_id, state=state, **settled)
    facts = {"number": str(approved.facts.get("number", "")), "state": state, "reason": approved.closing_reason}
    journal.record(
        db, actor, "bad_debt_refused", customer_id=approved.customer_id, subject_id=approved.subject_id, data=facts
    )


def withdraw_case(db: Session, actor: Actor, case_id: UUID, reason: str) -> None:
    """Withdraws a proposal. Raises NotFound, Conflict(`bad_debt_settled`), what withdrawing an approval raises."""
    case = BadDebtCase
    row = db.execute(
        sa.select(case.number, case.state, case.approval_id).where(
            case.tenant_id == actor.tenant_id, case.id == case_id
        )
    ).first()
    if row is None:
        raise NotFound("bad_debt_not_found")
    if row.state != "proposed" or row.approval_id is None:
        raise Conflict("bad_debt_settled", number=row.number)
    withdraw(db, actor, row.approval_id, reason)


def reverse_write_off(db: Session, actor: Actor, case_id: UUID, data: ReverseLoss) -> None:
    """Reverses a write-off: unapplies and reverses its credits, so that the documents are open again.

    Raises NotFound, RuleBroken (`bad_debt_not_written_off`, `bad_debt_recovered`, `period_locked`, `effective_…`).
    """
    actor, case = lock_case(db, actor, case_id)
    if case.state != "written_off":
        raise RuleBroken("bad_debt_not_written_off", number=case.number)
    if any(recovered_minor(db, actor.tenant_id, case_id).values()):
        raise RuleBroken("bad_debt_recovered", number=case.number)
    credit = BadDebtCredit
    credit_ids = db.execute(
        sa.select(credit.item_id)
        .where(credit.tenant_id == actor.tenant_id, credit.case_id == case_id)
        .order_by(credit.currency)
    ).scalars()
    for item_id in list(credit_ids):
        for allocation_id in unreversed_allocations(db, actor.tenant_id, item_id):
            reverse_allocation(db, actor, allocation_id, item_id=item_id, effective_on=data.effective_on)
        reverse_item(db, actor, item_id, effective_on=data.effective_on, memo=data.reason)
    settled = {"settled_at": actor.now, "settled_by": actor.name, "settled_reason": data.reason}
    _update_case(db, actor, case_id, state="taken_back", **settled)
    facts = {"number": case.number, "reason": data.reason}
    journal.record(db, actor, "bad_debt_taken_back", customer_id=case.customer_id, subject_id=case_id, data=facts)


def lock_case(db: Session, actor: Actor, case_id: UUID) -> tuple[Actor, Any]:
    """Locks a case and its customer; returns the actor after it, and the case. Raises NotFound."""
    case = BadDebtCase
    where = (case.tenant_id == actor.tenant_id, case.id == case_id)
    customer_id = db.execute(sa.select(case.customer_id).where(*where)).scalar_one_or_none()
    if customer_id is None:
        raise NotFound("bad_debt_not_found")
    actor = lock_customers(db, actor, [customer_id])
    columns = (case.id, case.number, case.customer_id, case.state, case.reason, case.written_off_on)
    return actor, db.execute(sa.select(*columns).where(*where).with_for_update()).one()


def unreversed_allocations(db: Session, tenant_id: UUID, item_id: UUID) -> list[UUID]:
    """Returns the ids of an item's allocations, on either side, that are not unapplied."""
    allocation, reversal = Allocation, sa.orm.aliased(Allocation)
    return list(
        db.execute(
            sa.select(allocation.id).where(
                allocation.tenant_id == tenant_id,
                sa.or_(allocation.debit_item_id == item_id, allocation.credit_item_id == item_id),
                allocation.reverses_id.is_(None),
                ~sa.exists().where(reversal.tenant_id == tenant_id, reversal.reverses_id == allocation.id),
            )
        ).scalars()
    )


def _update_case(db: Session, actor: Actor, case_id: UUID, **values: object) -> None:
    case = BadDebtCase
    db.execute(sa.update(case).where(case.tenant_id == actor.tenant_id, case.id == case_id).values(**values))
