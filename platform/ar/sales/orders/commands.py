"""Commands on orders: confirm, change, close short, cancel, open again; each asks and commits under one lock.

Invariants: an order that was never asked commits nothing; of two orders asked at once the later sees what the earlier
commits; what becomes less is never refused; every answer of the checks is kept with its reasons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.credit.commands import CommitOrder, check_order, commit_order, withdraw_requests_of_order
from ar.credit.rules.commitment import Stages
from ar.credit.rules.decision import Decision
from ar.sales.orders.amounts import has_left, order_amounts, orders_signed_for
from ar.sales.orders.entering import locked_order, order_values, rewrite_order
from ar.sales.orders.facts import find_order, order_facts
from ar.sales.orders.inputs import CloseOrder, EditOrder
from ar.sales.orders.models import Order, OrderDecision
from ar.sales.rules.changes import asks_again
from ar.sales.rules.states import state_after_answer, state_when_done
from kernel import journal
from kernel.actor import Actor
from kernel.errors import Conflict, RuleBroken
from kernel.ids import new_id
from kernel.versions import check_version
from kernel.views import DbRow


def confirm_order(db: Session, actor: Actor, order_id: UUID) -> Decision:
    """Asks the checks for an order: it is released and commits its amount, or it is held with every reason.

    One that is released already is asked again and stays as it is. Raises NotFound(`order_not_found`),
    Conflict(`order_ended`).
    """
    actor, order = locked_order(db, actor, order_id)
    _require_open(order)
    return _ask(db, actor, order, "confirm")


def edit_order(db: Session, actor: Actor, order_id: UUID, data: EditOrder) -> Decision | None:
    """Changes an order; returns the answer of the checks when they were asked, which may hold it from now on.

    A draft is not asked yet; a released order only when something of it is more, other or dearer. Raises
    NotFound(`order_not_found`), Conflict (`order_ended`, `changed_meanwhile`), and as `rewrite_order`.
    """
    actor, order = locked_order(db, actor, order_id)
    check_version(data, order_values(db, actor.tenant_id, order))
    _require_open(order)
    before, after = rewrite_order(db, actor, order, data)
    changed = find_order(db, actor.tenant_id, order_id)
    facts = {"number": order.number, "currency": changed.currency, "amount_minor": changed.total_minor}
    journal.record(
        db,
        actor,
        "order_changed",
        customer_id=order.customer_id,
        subject_id=order_id,
        data={**facts, "before_minor": order.total_minor, "before_currency": order.currency},
    )
    if order.state == "draft":
        return None
    if order.state == "held" or asks_again(before, after):
        return _ask(db, actor, changed, "confirm", holds=True)
    recommit(db, actor, order_id)
    return None


def close_order_short(db: Session, actor: Actor, order_id: UUID, data: CloseOrder) -> None:
    """Gives up what was not delivered of an order; it commits what was shipped from now on.

    Raises NotFound(`order_not_found`), Conflict(`order_ended`).
    """
    _end(db, actor, order_id, "closed_short", data.reason)


def cancel_order(db: Session, actor: Actor, order_id: UUID, data: CloseOrder) -> None:
    """Cancels an order of which nothing was shipped; requests to let it pass are withdrawn.

    Raises NotFound(`order_not_found`), Conflict(`order_ended`), RuleBroken(`order_shipped`).
    """
    _end(db, actor, order_id, "cancelled", data.reason)
    withdraw_requests_of_order(db, actor, order_id, data.reason)


def reopen_order(db: Session, actor: Actor, order_id: UUID, data: CloseOrder) -> Decision:
    """Opens an order again that was closed short or cancelled, and asks the checks as for a new one.

    Raises NotFound(`order_not_found`), Conflict(`order_not_ended`).
    """
    actor, order = locked_order(db, actor, order_id)
    if order.state not in ("closed_short", "cancelled"):
        raise Conflict("order_not_ended", number=order.number)
    _update(db, actor, order_id, state="held", closed_at=None, closed_by=None, closed_reason=None)
    _record(db, actor, "order_reopened", order, reason=data.reason)
    return _ask(db, actor, find_order(db, actor.tenant_id, order_id), "confirm")


def check(
    db: Session,
    actor: Actor,
    order_id: UUID,
    checkpoint: str,
    *,
    delivery_id: UUID | None = None,
    quantities_over: Sequence[Mapping[str, Any]] = (),
    state_fault: str | None = None,
) -> Decision:
    """Asks the checks at a checkpoint (`confirm`, `pick`, `ship`) under the customer's lock, and keeps the answer.

    `quantities_over`, `state_fault`: what the delivery adds. A held order that passes is released by it; one that was
    never confirmed does not pass. A refusal changes no order. Raises NotFound(`order_not_found`).
    """
    actor, order = locked_order(db, actor, order_id)
    fault = state_fault or ("draft" if order.state == "draft" else None)
    return _ask(db, actor, order, checkpoint, delivery_id, quantities_over, fault)


def recommit(db: Session, actor: Actor, order_id: UUID, *, effective_on: date | None = None) -> Stages:
    """Tells credit what an order commits from a day on (None: today), after anything of it changed.

    The caller goes on with its own actor. Raises NotFound(`order_not_found`).
    """
    actor, order = locked_order(db, actor, order_id)
    return recommit_locked(db, actor, order, effective_on=effective_on)


def recommit_locked(db: Session, actor: Actor, order: DbRow, *, effective_on: date | None = None) -> Stages:
    """Does the same for an order that the caller has locked after its customer.

    An order whose goods, gifts and samples among them, are all signed for and invoiced is completed by it, and released
    again when that ends.
    """
    order_id = order.id
    amounts = order_amounts(db, actor.tenant_id, order_id)
    stages = commit_order(
        db,
        actor,
        CommitOrder(
            order_id=order_id,
            customer_id=order.customer_id,
            currency=order.currency,
            amounts=amounts,
            effective_on=effective_on or actor.today,
            prepaid=order.prepaid,
        ),
    )
    is_paid_for = min(amounts.signed_minor, amounts.invoiced_minor) >= order.total_minor
    is_done = is_paid_for and bool(orders_signed_for(db, actor.tenant_id, [order_id]))
    state = state_when_done(order.state, is_done=is_done)
    if state != order.state:
        _update(db, actor, order_id, state=state)
    return stages


def _ask(
    db: Session,
    actor: Actor,
    order: DbRow,
    checkpoint: str,
    delivery_id: UUID | None = None,
    quantities_over: Sequence[Mapping[str, Any]] = (),
    state_fault: str | None = None,
    *,
    holds: bool = False,
) -> Decision:
    """Asks, keeps the answer, and releases or holds the order by it; `holds`: a released one too."""
    facts = order_facts(db, actor.tenant_id, order.id)
    more = [dict(line) for line in quantities_over]
    facts = replace(
        facts,
        quantities_over=[*facts.quantities_over, *more],
        state_fault=facts.state_fault or state_fault,
    )
    decision = check_order(db, actor, order.customer_id, facts)
    db.execute(sa.insert(OrderDecision).values(decision_row(actor, order.id, checkpoint, decision, delivery_id)))
    state = state_after_answer(order.state, passes=decision.passes, holds=holds)
    if state == "released" != order.state:
        _update(db, actor, order.id, state=state, released_at=actor.now)
        _record(db, actor, "order_released", order)
    elif state == "held" != order.state:
        _update(db, actor, order.id, state=state)
        _record(db, actor, "order_held", order, codes=[reason.code for reason in decision.reasons])
    if decision.passes or holds:
        recommit(db, actor, order.id)
    return decision


def decision_row(
    actor: Actor, order_id: UUID, checkpoint: str, decision: Decision, delivery_id: UUID | None = None
) -> dict[str, Any]:
    """Returns the row by which an answer of the checks is kept with its reasons."""
    reasons: list[dict[str, Any]] = [{"code": code, "params": params} for code, params in decision.reasons]
    reasons += [
        {"code": reason.code, "params": reason.params, "waived_by": number} for reason, number in decision.waived
    ]
    return {
        "tenant_id": actor.tenant_id,
        "id": new_id(),
        "order_id": order_id,
        "delivery_id": delivery_id,
        "checkpoint": checkpoint,
        "decision": "pass" if decision.passes else "held",
        "reasons": reasons,
        "decided_at": actor.now,
        "decided_by": actor.name,
    }


def _end(db: Session, actor: Actor, order_id: UUID, state: str, reason: str) -> None:
    actor, order = locked_order(db, actor, order_id)
    _require_open(order)
    if state == "cancelled" and has_left(db, actor.tenant_id, order_id):
        raise RuleBroken("order_shipped", number=order.number)
    closed = {"closed_at": actor.now, "closed_by": actor.name, "closed_reason": reason}
    _update(db, actor, order_id, state=state, **closed)
    _record(db, actor, f"order_{state}", order, reason=reason)
    recommit(db, actor, order_id)


def _require_open(order: DbRow) -> None:
    if order.state in ("closed_short", "cancelled"):
        raise Conflict("order_ended", number=order.number)


def _update(db: Session, actor: Actor, order_id: UUID, **values: object) -> None:
    order = Order
    db.execute(sa.update(order).where(order.tenant_id == actor.tenant_id, order.id == order_id).values(**values))


def _record(db: Session, actor: Actor, event: str, order: DbRow, **facts: object) -> None:
    journal.record_many(db, actor, [order_event(event, order, **facts)])


def order_event(event: str, order: DbRow, **facts: object) -> journal.NewEvent:
    """Returns the journal event of something that happened to an order."""
    data = {"number": order.number, "currency": order.currency, "amount_minor": order.total_minor, **facts}
    return journal.NewEvent(event, order.customer_id, order.id, data)
