"""Makes what waits in the demo's credit beside orders that are held: a request, a proof, a group, a guarantee."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.seeds.papers import PAPER, complete_file
from app.seeds.story import Story
from ar.credit.commands import ProofOrder, RequestOverLimit, UploadProof, request_over_limit, upload_proof
from ar.credit.limits.guarantees.commands import register_guarantee
from ar.credit.limits.inputs import RegisterGuarantee
from ar.customers.inputs import SetStanding
from ar.customers.register.standing import set_standing
from ar.sales.models import Order
from ar.sales.orders.facts import order_facts
from ar.statements.lookups import oldest_unconfirmed
from kernel.actor import Actor
from kernel.views import DbRow

_DAY: Final = timedelta(days=1)
#: Statements that wait longer hold orders, by the shipped policy.
_UNCONFIRMED_DAYS: Final = 30


def group_with_head(story: Story, db: Session, actor: Actor, head: str, member: str) -> None:
    """Makes a debtor a subsidiary of another one, whose limit covers both."""
    data = SetStanding(head_no=head, group_kind="parent", size_class="small")
    set_standing(db, story.person(actor, "sales-manager"), story.customers[member].id, data)


def unconfirmed(story: Story, db: Session, actor: Actor, passed_over: set[str]) -> str | None:
    """Returns a debtor who has left a statement unanswered for longer than the policy bears; None: nobody has."""
    ids = {number: each.id for number, each in story.customers.items() if number not in passed_over}
    waiting = oldest_unconfirmed(db, story.tenant_id, list(ids.values()), actor.timezone)
    before = actor.today - _UNCONFIRMED_DAYS * _DAY
    return next((number for number, each in ids.items() if each in waiting and waiting[each].sent_on < before), None)


def request_and_proof(story: Story, db: Session, actor: Actor, over: str, proved: str) -> None:
    """Leaves a request to let an order pass over the limit, and a proof of payment that finance has not looked at."""
    person, order = story.person(actor, "order-follow-up"), _held(story, db, over)
    asked = RequestOverLimit(
        reason="客户要求月底前到货，已承诺首批货款下周到账。",
        valid_until_on=actor.today + 14 * _DAY,
        payment_expected_on=actor.today + 7 * _DAY,
        key="demo-over-limit-",
    )
    request_over_limit(db, person, order.customer_id, order_facts(db, story.tenant_id, order.id), asked)
    order = _held(story, db, proved)
    proof = UploadProof(kind="transfer_receipt", amount="930", reference="网银 8841", key="demo-proof-------")
    upload_proof(db, person, ProofOrder(order.customer_id, order.id, order.number, order.currency), proof, PAPER)


def guarantee(story: Story, db: Session, actor: Actor, number: str) -> None:
    """Registers a guarantor's guarantee that ends within the month."""
    complete_file(story, db, actor, number)
    data = RegisterGuarantee(
        kind="guarantee",
        provider="王建国（法定代表人）",
        reference="保字 2026-07",
        currency="CNY",
        amount="500000",
        valid_from=actor.today - 340 * _DAY,
        valid_to=actor.today + 20 * _DAY,
        key="demo-guarantee--",
    )
    register_guarantee(db, story.person(actor, "finance"), story.customers[number].id, data, PAPER)


def _held(story: Story, db: Session, number: str) -> DbRow:
    """Returns the newest held order of a debtor."""
    o = Order
    return db.execute(
        sa.select(o.id, o.number, o.customer_id, o.currency)
        .where(o.tenant_id == story.tenant_id, o.customer_id == story.customers[number].id, o.state == "held")
        .order_by(o.number.desc())
        .limit(1)
    ).one()
