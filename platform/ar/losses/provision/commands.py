"""Records provision policies, assesses documents individually, posts and reverses provision runs.

Invariants: the run posted is the run previewed; runs are serialised and lock the books, so that nothing is posted
between measuring and posting; after a run the account has the balance that the policy requires.
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
    hold_books,
    lock_books_alone,
    lock_open_period,
    post_entry,
    require_day_between,
    require_open,
    require_unlocked,
    reverse_entry,
)
from ar.ledger.models import OpenItem
from ar.losses.inputs import ReverseLoss
from ar.losses.models import ProvisionAssessment, ProvisionPolicy, ProvisionReversal, ProvisionRun
from ar.losses.provision.estimate import KIND, Estimate, estimate
from ar.losses.provision.exposure import ALLOWANCE, current_policy, last_run
from ar.losses.provision.inputs import AssessItem, PostProvision, SetPolicy, policy_values
from ar.losses.rules.provision import PROPOSED, policy_json
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import document_number, lock_counter, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.versions import check_version

RUN_LOCK: Final = "provision"
EXPENSE: Final = "bad_debt_expense"


def set_policy(db: Session, actor: Actor, data: SetPolicy) -> UUID:
    """Records a new version of the policy unless it equals the current one; returns the id of the version in force.

    Raises Conflict(`changed_meanwhile`).
    """
    actor = lock_counter(db, actor, RUN_LOCK)
    before, policy = current_policy(db, actor.tenant_id), data.policy()
    if before is not None and before.policy == policy:
        return before.id
    check_version(data, policy_values(before.policy if before is not None else PROPOSED))
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


def assess_document(db: Session, actor: Actor, data: AssessItem) -> list[UUID]:
    """Assesses a document individually, all instalments, or returns it to the buckets; returns the item ids.

    Raises RuleBroken(`provision_item_unknown`, `provision_item_unassessed`).
    """
    item, assessment = OpenItem, ProvisionAssessment
    where = (item.tenant_id == actor.tenant_id, item.side == 1, item.document_no == data.document_no)
    ids = list(db.execute(sa.select(item.id).where(*where, item.open_minor > 0).order_by(item.instalment_no)).scalars())
    if not ids:
        raise RuleBroken("provision_item_unknown", document_no=data.document_no)
    assessed = sa.select(sa.exists().where(assessment.tenant_id == actor.tenant_id, assessment.item_id.in_(ids)))
    if data.loss_bps is None and not db.execute(assessed).scalar_one():
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
    db.execute(sa.insert(assessment), rows)
    facts = {"document_no": data.document_no, "loss_bps": data.loss_bps, "reason": data.reason}
    journal.record(db, actor, "provision_assessed", subject_id=ids[0], data=facts)
    return ids


def preview_run(db: Session, actor: Actor, as_of: date) -> Estimate:
    """Returns what a run would post now; writes nothing. Raises what `estimate` raises."""
    return estimate(db, actor.tenant_id, as_of, actor.today)


def post_run(db: Session, actor: Actor, data: PostProvision) -> UUID:
    """Posts the difference to the required allowance, by one entry dated `data.as_of`; returns the run's id (R232).

    A run that finds no difference is recorded without an entry. Idempotent by `data.key`. Raises
    Conflict(`provision_changed`) when the figures differ from the previewed ones, RuleBroken(`period_locked`) and
    what `estimate` raises.
    """
    request = data.model_dump(exclude={"key", "fingerprint"})
    return idempotency.once(db, actor, f"provision:{data.key}", request, lambda: _post_run(db, actor, data))


def _post_run(db: Session, actor: Actor, data: PostProvision) -> UUID:
    actor = lock_counter(db, actor, RUN_LOCK)
    actor = lock_books_alone(db, actor)
    require_open(db, actor.tenant_id, [data.as_of])
    seen = preview_run(db, actor, data.as_of)
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
    """Returns (account, currency, debit, credit): a charge debits expense, a release credits it."""
    debit, credit = max(charge, 0), max(-charge, 0)
    return [(EXPENSE, currency, debit, credit), (ALLOWANCE, currency, credit, debit)]


def reverse_run(db: Session, actor: Actor, run_id: UUID, data: ReverseLoss) -> UUID:
    """Reverses the last run, on its own date or the first open one after it; returns the reversal's id.

    Raises NotFound(`provision_run_not_found`), Conflict(`provision_reversed`), RuleBroken (`provision_not_last`,
    `period_locked`, `effective_too_early`, `effective_in_future`).
    """
    actor = lock_counter(db, actor, RUN_LOCK)
    run, reversal = ProvisionRun, ProvisionReversal
    row = db.execute(
        sa.select(
            *(run.number, run.as_of, run.entry_id, run.currency, run.charge_minor),
            sa.exists().where(reversal.tenant_id == actor.tenant_id, reversal.run_id == run_id).label("reversed"),
        ).where(run.tenant_id == actor.tenant_id, run.id == run_id)
    ).first()
    if row is None:
        raise NotFound("provision_run_not_found")
    if row.reversed:
        raise Conflict("provision_reversed", number=row.number)
    last = last_run(db, actor.tenant_id)
    if last is None or last.id != run_id:
        raise RuleBroken("provision_not_last", number=last.number if last else "")
    actor = hold_books(db, actor)
    open_from = first_open_on(lock_open_period(db, actor.tenant_id))
    require_unlocked(data.effective_on, open_from)
    since = max(row.as_of, open_from)
    on = require_day_between(data.effective_on or since, since, max(actor.today, since))
    memo = f"{row.number}: {data.reason}"
    entry_id = reverse_entry(db, actor, row.entry_id, on, memo=memo) if row.entry_id else None
    reversal_id = new_id()
    db.execute(
        sa.insert(reversal).values(
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
