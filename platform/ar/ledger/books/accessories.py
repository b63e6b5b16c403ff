"""What documents of interest and costs are for: the debts they belong to, so that payments find the principal.

Invariants: written with the document and never changed; two statements for any number of documents (Civil Code 561);
a credit that corrects a document says which of its parts it lowers, as long as the credit is not reversed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from ar.ledger.models import AccessoryPart, OpenItem
from kernel.arrays import array_text


class NewAccessoryPart(NamedTuple):
    """So much (minor units) of the document `item_id` is `part` (interest or costs) of the debt `of_item_id`.

    Of a credit: so much less of that part of the document `lowers_item_id`.
    """

    item_id: UUID
    of_item_id: UUID
    part: str
    amount_minor: int
    lowers_item_id: UUID | None = None


def record_accessory_parts(db: Session, tenant_id: UUID, parts: Iterable[NewAccessoryPart]) -> None:
    """Inserts what documents that were posted just now are for."""
    counts: dict[UUID, int] = {}
    rows = []
    for each in parts:
        counts[each.item_id] = counts.get(each.item_id, 0) + 1
        rows.append({"tenant_id": tenant_id, "position": counts[each.item_id], **each._asdict()})
    if rows:
        db.execute(sa.insert(AccessoryPart), rows)


def accessory_parts_of(
    db: Session, tenant_id: UUID, item_ids: Sequence[UUID]
) -> dict[UUID, list[tuple[UUID, str, int]]]:
    """Returns item → (debt it belongs to, interest or costs, minor units), for those of `item_ids` that say so.

    What credits in force took of a part is not in it; a part that was credited whole is 0.
    """
    a, less, mirror = AccessoryPart, aliased(AccessoryPart), aliased(OpenItem)
    credited = (
        sa.select(sa.cast(sa.func.coalesce(sa.func.sum(less.amount_minor), 0), sa.BigInteger))
        .where(
            less.tenant_id == tenant_id,
            less.lowers_item_id == a.item_id,
            less.of_item_id == a.of_item_id,
            less.part == a.part,
            ~sa.exists().where(mirror.tenant_id == tenant_id, mirror.reverses_id == less.item_id),
        )
        .scalar_subquery()
    )
    ids = sa.cast(sa.literal(array_text(item_ids), sa.Text), sa.ARRAY(sa.Uuid))
    rows = db.execute(
        sa.select(a.item_id, a.of_item_id, a.part, sa.func.greatest(a.amount_minor - credited, 0))
        .where(a.tenant_id == tenant_id, a.item_id == sa.any_(ids), a.lowers_item_id.is_(None))
        .order_by(a.item_id, a.position)
    )
    found: dict[UUID, list[tuple[UUID, str, int]]] = {}
    for item_id, of_item_id, part, minor in rows:
        found.setdefault(item_id, []).append((of_item_id, part, minor))
    return found
