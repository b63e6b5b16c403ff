"""What is done about the allowance: policies recorded, documents judged by themselves, runs posted and taken back.

May import this slice, the ledger's commands and the kernel. Invariants: what is posted is what was seen; runs take
turns and hold the books while they count, so that nothing is booked between counting and posting; after a run the
account holds what the policy asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.commands import (
    first_open_on,
    lock_open_period,
    post_entry,
    require_day_between,
    require_open,
    require_unlocked,
    reverse_entry,
)
from ar.ledger.models import OpenItem
from ar.losses.bad_debts.inputs import AssessItem, PostProvision, SetPolicy, UnapplyAllocation
from ar.losses.models import ProvisionAssessment, ProvisionPolicy, ProvisionReversal, ProvisionRun
from ar.losses.provision.estimate import KIND, Estimate, estimate
from ar.losses.provision.exposure import ALLOWANCE, last_run, policy_now
from ar.losses.rules.provision import policy_json
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import document_number, lock_counter, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids

GATE: Final = "provision"
EXPENSE: Final = "bad_debt_expense"
# Every writer of the books holds this row in share until COMMIT: alone on it, nobody is between two of its postings.
_ALONE = sa.text("SELECT locked_through FROM books_state WHERE tenant_id = :tenant FOR UPDATE")


def set_policy(db: Session, actor: Actor, data: SetPolicy) -> UUID:
    """Records a new version of the policy, unless it says what holds already; returns the id of the one that holds."""
    lock_counter(db, actor.tenant_id, GATE)
    before, policy = policy_now(db, actor.tenant_id), data.policy()
    if before is not None and before.policy == policy:
        return before.id
    policy_id, version = new_id(), before.version + 1 if before else 1
    db.execute(
        sa.insert(ProvisionPolicy).values(
            tenant_id=actor.tenant_id,
            id=policy_id,
            version=version,
            recorded_at=actor.now,
            recorded_by=actor.name,
            **policy_json(policy),
        )
    )
    facts = {"version": version, **policy_json(policy)}
    journal.record(db, actor, "provision_policy_set", subject_id=policy_id, data=facts)
    return policy_id


def assess(db: Session, actor: Actor, data: AssessItem) -> list[UUID]:
    """Judges a document by itself, with all its instalments, or puts it back into the buckets; returns the items.

    Raises RuleBroken(`provision_item_unknown`, `provision_item_unassessed`).
    """
    i, a = OpenItem, ProvisionAssessment
    where = (i.tenant_id == actor.tenant_id, i.side == 1, i.document_no == data.document_no)
    ids = list(db.execute(sa.select(i.id).where(*where, i.open_minor > 0).order_by(i.instalment_no)).scalars())
    if not ids:
        raise RuleBroken("provision_item_unknown", document_no=data.document_no)
    known = sa.select(sa.exists().where(a.tenant_id == actor.tenant_id, a.item_id.in_(ids)))
    if data.loss_bps is None and not db.execute(known).scalar_one():
        raise RuleBroken("provision_item_unassessed", document_no=data.document_no)
    rows = [
        {
            "tenant_id": actor.tenant_id,
            "id": row_id,
            "item_id": item_id,
            "loss_bps": data.loss_bps,
            "reason": data.reason,
            "recorded_at": actor.now,
            "recorded_by": actor.name,
        }
        for row_id, item_id in zip(new_ids(len(ids)), ids, strict=True)
    ]
    db.execute(sa.insert(a), rows)
    facts = {"document_no": data.document_no, "loss_bps": data.loss_bps, "reason": data.reason}
    journal.record(db, actor, "provision_assessed", subject_id=ids[0], data=facts)
    return ids


def preview(db: Session, actor: Actor, as_of: date) -> Estimate:
    """What a run would book now; changes nothing. Raises what `estimate` raises."""
    return estimate(db, actor.tenant_id, as_of, actor.today)


def post_run(db: Session, actor: Actor, data: PostProvision) -> UUID:
    """Brings the allowance to what the policy asks for, by one entry dated `data.as_of`; returns the run's id (R232).

    A run that finds no difference is recorded without an entry. The same key again: the first answer. Raises
    Conflict(`provision_changed`) when the books give other figures than were seen, RuleBroken(`period_locked`) and
    what `estimate` raises.
    """
    request = data.model_dump(exclude={"key", "fingerprint"})
    return idempotency.once(db, actor, f"provision:{data.key}", request, lambda: _post_run(db, actor, data))


def _post_run(db: Session, actor: Actor, data: PostProvision) -> UUID:
    lock_counter(db, actor.tenant_id, GATE)
    db.execute(_ALONE, {"tenant": actor.tenant_id}).all()
    require_open(db, actor.tenant_id, [data.as_of])
    seen = preview(db, actor, data.as_of)
    if seen.fingerprint != data.fingerprint:
        raise Conflict("provision_changed")
    return _store(db, actor, seen)


def _store(db: Session, actor: Actor, seen: Estimate) -> UUID:
    run_id, year, charge = new_id(), seen.as_of.year, seen.charge_minor
    number = document_number("PV", year, take_numbers(db, actor.tenant_id, f"provision:{year}")[0])
    entry_id = post_entry(db, actor, KIND, seen.as_of, _legs(seen.currency, charge), memo=number) if charge else None
    own = f"{KIND}:{seen.currency}"
    db.execute(
        sa.insert(ProvisionRun).values(
            tenant_id=actor.tenant_id,
            id=run_id,
            number=number,
            as_of=seen.as_of,
            policy_id=seen.policy_id,
            currency=seen.currency,
            required_minor=seen.required_minor,
            before_minor=seen.before_minor,
            charge_minor=charge,
            entry_id=entry_id,
            figures=seen.figures,
            sums=seen.sums | {own: seen.sums.get(own, 0) + charge},
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts: dict[str, Any] = {
        "number": number,
        "as_of": seen.as_of.isoformat(),
        "currency": seen.currency,
        "amount_minor": charge,
        "required_minor": seen.required_minor,
    }
    journal.record(db, actor, "provision_posted", subject_id=run_id, data=facts)
    return run_id


def _legs(currency: str, charge: int) -> Sequence[tuple[str, str, int, int]]:
    """(account, currency, debit, credit): a charge is an expense, a release takes of it."""
    up, down = max(charge, 0), max(-charge, 0)
    return [(EXPENSE, currency, up, down), (ALLOWANCE, currency, down, up)]


def reverse_run(db: Session, actor: Actor, run_id: UUID, data: UnapplyAllocation) -> UUID:
    """Takes the last run back, on its own day or the first open one after it; returns the reversal's id.

    Raises NotFound(`provision_run_not_found`), Conflict(`provision_reversed`), RuleBroken (`provision_not_last`,
    `period_locked`, `effective_too_early`, `effective_in_future`).
    """
    lock_counter(db, actor.tenant_id, GATE)
    r, v = ProvisionRun, ProvisionReversal
    row = db.execute(
        sa.select(
            *(r.number, r.as_of, r.entry_id, r.currency, r.charge_minor),
            sa.exists().where(v.tenant_id == actor.tenant_id, v.run_id == run_id).label("reversed"),
        ).where(r.tenant_id == actor.tenant_id, r.id == run_id)
    ).first()
    if row is None:
        raise NotFound("provision_run_not_found")
    if row.reversed:
        raise Conflict("provision_reversed", number=row.number)
    last = last_run(db, actor.tenant_id)
    if last is None or last.id != run_id:
        raise RuleBroken("provision_not_last", number=last.number if last else "")
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    require_unlocked(data.effective_on, open_from)
    since = max(row.as_of, open_from)
    on = require_day_between(data.effective_on or since, since, max(actor.today, since))
    memo = f"{row.number}: {data.reason}"
    entry_id = reverse_entry(db, actor, row.entry_id, on, memo=memo) if row.entry_id else None
    reversal_id = new_id()
    db.execute(
        sa.insert(v).values(
            tenant_id=actor.tenant_id,
            id=reversal_id,
            run_id=run_id,
            entry_id=entry_id,
            reversed_on=on,
            reason=data.reason,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts = {
        "number": row.number,
        "currency": row.currency,
        "amount_minor": row.charge_minor,
        "effective_on": on.isoformat(),
        "reason": data.reason,
    }
    journal.record(db, actor, "provision_run_reversed", subject_id=run_id, data=facts)
    return reversal_id
