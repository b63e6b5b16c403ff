"""Sets a customer's group, size and exemption from the survey, and reads them (R030, R342).

Invariants: a group has one level: a head has no head of its own, and who heads others joins nobody; both customers are
locked in one order, so that no circle arises from two changes at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from ar.customers.inputs import SetStanding, standing_values
from ar.customers.models import Customer
from kernel import journal
from kernel.actor import Actor
from kernel.binds import TENANT
from kernel.db import columns
from kernel.errors import NotFound, RuleBroken
from kernel.versions import check_version
from kernel.views import LATER, from_json, json_view, select_view, value, view
from kernel.visibility import everything


@dataclass(frozen=True, slots=True)
class Member:
    """A customer of a group."""

    id: UUID
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A customer's place among the others. `members`: those whose limit it covers."""

    customer_id: UUID
    head_id: UUID | None
    head_no: str | None
    head_name: str | None
    group_kind: str | None
    size_class: str | None
    survey_exemption: str | None
    members: tuple[Member, ...] = ()


def standing(db: Session, tenant_id: UUID, customer_id: UUID) -> Standing:
    """Returns the standing of a customer, with the members it heads that the reader may see.

    Raises NotFound(`customer_not_found`).
    """
    row = columns(db, _statement(), {"tenant": tenant_id, "customer": customer_id}).first()
    if row is None:
        raise NotFound("customer_not_found")
    return view(Standing, row, members=from_json(Member, row.members))


def set_standing(db: Session, actor: Actor, customer_id: UUID, data: SetStanding) -> bool:
    """Sets group, size and exemption; returns False when nothing differs.

    Raises NotFound(`customer_not_found`), RuleBroken (`group_head_unknown`, `group_kind_needed`, `group_own_head`,
    `group_head_has_head`, `group_has_members`), Conflict(`changed_meanwhile`).
    """
    with everything(db):
        head_id = _head_id(db, actor.tenant_id, customer_id, data)
    _lock(db, actor.tenant_id, [customer_id] if head_id is None else [customer_id, head_id])
    before = standing(db, actor.tenant_id, customer_id)
    check_version(data, standing_values(before))
    if head_id is not None:
        with everything(db):
            _require_one_level(db, actor.tenant_id, customer_id, head_id)
    written = {
        "group_head_id": head_id,
        "group_kind": data.group_kind if head_id is not None else None,
        "size_class": data.size_class,
        "survey_exemption": data.survey_exemption,
    }
    known = {
        "group_head_id": before.head_id,
        "group_kind": before.group_kind,
        "size_class": before.size_class,
        "survey_exemption": before.survey_exemption,
    }
    if written == known:
        return False
    customer = Customer
    db.execute(
        sa.update(customer)
        .where(customer.tenant_id == actor.tenant_id, customer.id == customer_id)
        .values(**written, updated_at=actor.now)
    )
    changes = {
        name: [None if known[name] is None else str(known[name]), None if new is None else str(new)]
        for name, new in written.items()
        if new != known[name]
    }
    journal.record(
        db, actor, "customer_changed", customer_id=customer_id, subject_id=customer_id, data={"changes": changes}
    )
    return True


def _head_id(db: Session, tenant_id: UUID, customer_id: UUID, data: SetStanding) -> UUID | None:
    if not data.head_no:
        return None
    customer = Customer
    head_id = db.execute(
        sa.select(customer.id).where(
            customer.tenant_id == tenant_id, customer.number == data.head_no, customer.retired_at.is_(None)
        )
    ).scalar_one_or_none()
    if head_id is None:
        raise RuleBroken("group_head_unknown", number=data.head_no)
    if head_id == customer_id:
        raise RuleBroken("group_own_head")
    if data.group_kind is None:
        raise RuleBroken("group_kind_needed")
    return head_id


def _lock(db: Session, tenant_id: UUID, customer_ids: list[UUID]) -> None:
    customer = Customer
    db.execute(
        sa.select(customer.id)
        .where(customer.tenant_id == tenant_id, customer.id.in_(customer_ids))
        .order_by(customer.id)
        .with_for_update(key_share=True)
    ).all()


def _require_one_level(db: Session, tenant_id: UUID, customer_id: UUID, head_id: UUID) -> None:
    customer = Customer
    head = db.execute(
        sa.select(customer.number, customer.group_head_id).where(
            customer.tenant_id == tenant_id, customer.id == head_id
        )
    ).one()
    if head.group_head_id is not None:
        raise RuleBroken("group_head_has_head", number=head.number)
    heads_others = db.execute(
        sa.select(customer.id)
        .where(customer.tenant_id == tenant_id, customer.group_head_id == customer_id, customer.retired_at.is_(None))
        .limit(1)
    ).first()
    if heads_others is not None:
        raise RuleBroken("group_has_members")


@cache
def _statement() -> sa.Select[*tuple[Any, ...]]:
    customer, head, member = Customer, aliased(Customer), aliased(Customer)
    asked = sa.bindparam("customer", type_=sa.Uuid)
    line = json_view(Member, id=value(member.id), number=value(member.number), name=value(member.name))
    members = (
        sa.select(sa.func.jsonb_agg(aggregate_order_by(line, member.sort_key, member.number)))
        .where(member.tenant_id == TENANT, member.group_head_id == asked, member.retired_at.is_(None))
        .scalar_subquery()
    )
    return (
        select_view(
            Standing,
            customer_id=value(customer.id),
            head_id=value(customer.group_head_id),
            head_no=value(head.number),
            head_name=value(head.name),
            group_kind=value(customer.group_kind),
            size_class=value(customer.size_class),
            survey_exemption=value(customer.survey_exemption),
            members=LATER,
        )
        .add_columns(members.label("members"))
        .outerjoin(head, sa.and_(head.tenant_id == TENANT, head.id == customer.group_head_id))
        .where(customer.tenant_id == TENANT, customer.id == asked)
    )
