"""Previews and posts runs of late interest; records terms.

Invariants: what is posted is what was previewed (same fingerprint, else nothing is posted); no day of a debt is
charged twice, since runs are serialised and lock the customers; a fixed number of statements for any number of
customers. Waivers are in `waivers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.lookups import find_numbers
from ar.customers.models import Customer
from ar.interest.inputs import PostInterest, SetTerms
from ar.interest.late_debts import Scope, customers_in_scope
from ar.interest.models import InterestCharge, InterestLine, InterestRun, InterestTerms
from ar.interest.queries import recorded_terms, terms_version
from ar.interest.rules.documents import DocumentTerms
from ar.interest.rules.presets import statutes
from ar.interest.run_preview import Preview, PreviewGroup, preview_run
from ar.ledger.commands import NewAccessoryPart, NewItem, lock_customers, post_items, record_accessory_parts
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.counters import document_number, lock_counter, take_numbers
from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.ids import new_id, new_ids
from kernel.money import BadAmount, parse_amount
from kernel.versions import check_version

RUN_LOCK: Final = "interest"
KIND: Final = "interest"


def parse_scope(db: Session, actor: Actor, through_on: date, customer_no: str, currency: str | None) -> Scope:
    """Parses the scope of a run: last day, customer, currency.

    Raises RuleBroken (`interest_through_future`, `interest_customer_unknown`).
    """
    if through_on > actor.today:
        raise RuleBroken("interest_through_future", today=actor.today.isoformat())
    return Scope(through_on, find_customer_id(db, actor, customer_no), currency)


def find_customer_id(db: Session, actor: Actor, customer_no: str) -> UUID | None:
    """Returns the customer with that number, None for an empty one. Raises RuleBroken(`interest_customer_unknown`)."""
    if not customer_no:
        return None
    found = find_numbers(db, actor.tenant_id, [customer_no]).get(customer_no)
    if found is None:
        raise RuleBroken("interest_customer_unknown", number=customer_no)
    return found.id


def preview(
    db: Session,
    actor: Actor,
    through_on: date,
    customer_no: str = "",
    currency: str | None = None,
    document: DocumentTerms | None = None,
) -> Preview:
    """Returns what a run would charge now; posts nothing. `document` None: dated today, due by the customers' terms.

    Raises what `parse_scope` raises, RuleBroken(`interest_minimum_unreadable`).
    """
    scope = parse_scope(db, actor, through_on, customer_no, currency)
    return preview_run(db, actor, scope, document or DocumentTerms(actor.today))


def post_run(db: Session, actor: Actor, data: PostInterest) -> UUID:
    """Posts a preview: one interest document with its lines per customer and currency; returns the run's id (R196).

    The same key returns the first result. Raises Conflict(`interest_changed`) when the figures differ from the
    preview, RuleBroken(`interest_nothing`, `interest_nobody`, `interest_document_day`, `interest_rate_missing`,
    `period_locked`) and what `parse_scope` raises.
    """
    request = data.model_dump(exclude={"key", "fingerprint"})
    return idempotency.once(db, actor, f"interest:{data.key}", request, lambda: _post_run(db, actor, data))


def _post_run(db: Session, actor: Actor, data: PostInterest) -> UUID:
    scope = parse_scope(db, actor, data.through_on, data.customer_no, data.currency)
    if not data.through_on <= data.document_on <= actor.today:
        raise RuleBroken("interest_document_day", first=data.through_on.isoformat(), last=actor.today.isoformat())
    actor = lock_counter(db, actor, RUN_LOCK)
    locked_ids = customers_in_scope(db, actor.tenant_id, scope)
    actor = lock_customers(db, actor, locked_ids)
    current = preview_run(db, actor, scope, DocumentTerms(data.document_on, data.due_days, data.minimum))
    customer_ids = {group.customer_id for group in current.groups}
    if current.fingerprint != data.fingerprint or not customer_ids <= set(locked_ids):
        raise Conflict("interest_changed")
    if current.missing and not data.without_missing:
        rate = current.missing[0]
        raise RuleBroken("interest_rate_missing", series=rate.series, on=rate.from_on.isoformat())
    groups = current.chosen(data)
    if not groups:
        raise RuleBroken("interest_nothing" if data.everyone or data.customers else "interest_nobody")
    left_out = sum(len(group.items) for group in current.groups) - sum(len(group.items) for group in groups)
    return _store_run(db, actor, data, scope, groups, left_out)


def _store_run(
    db: Session, actor: Actor, data: PostInterest, scope: Scope, groups: Sequence[PreviewGroup], left_out: int
) -> UUID:
    """Posts the ledger documents and inserts the run, its charges and lines: one statement each.

    `left_out`: the late documents of the preview that are not charged.
    """
    tenant_id, run_id, year = actor.tenant_id, new_id(), data.document_on.year
    run_no = document_number("IR", year, take_numbers(db, tenant_id, f"interest_run:{year}")[0])
    numbers = take_numbers(db, tenant_id, f"{KIND}:{year}", len(groups))
    names = [document_number("INT", year, number) for number in numbers]
    items = [
        NewItem(
            group.customer_id,
            KIND,
            name,
            data.document_on,
            group.due_on,
            group.collection_end_on,
            group.currency,
            group.amount_minor,
            reference=run_no,
        )
        for group, name in zip(groups, names, strict=True)
    ]
    item_ids = post_items(db, actor, items, memo=run_no)
    parts = [
        [(item.item_id, line.part, line.amount_minor) for item in group.items for line in item.lines]
        for group in groups
    ]
    record_accessory_parts(db, tenant_id, accessory_parts(item_ids, parts))
    _insert_run(db, actor, run_id, run_no, data, scope)
    _insert_charges(db, tenant_id, run_id, groups, list(zip(names, item_ids, strict=True)))
    _record_run(db, actor, run_id, run_no, data, groups, left_out)
    return run_id


def accessory_parts(
    item_ids: Sequence[UUID], lines: Sequence[Sequence[tuple[UUID, str, int]]]
) -> list[NewAccessoryPart]:
    """Returns what documents of interest are for; `lines` of each: (debt, part of the line, minor units)."""
    sums: dict[tuple[UUID, UUID, str], int] = {}
    for item_id, own in zip(item_ids, lines, strict=True):
        for of_item_id, part, minor in own:
            key = (item_id, of_item_id, "costs" if part == "fixed" else "interest")
            sums[key] = sums.get(key, 0) + minor
    return [
        NewAccessoryPart(item_id=item_id, of_item_id=of_item_id, part=part, amount_minor=minor)
        for (item_id, of_item_id, part), minor in sums.items()
        if minor > 0
    ]


def _insert_run(db: Session, actor: Actor, run_id: UUID, run_no: str, data: PostInterest, scope: Scope) -> None:
    db.execute(
        sa.insert(InterestRun).values(
            tenant_id=actor.tenant_id,
            id=run_id,
            number=run_no,
            through_on=data.through_on,
            document_on=data.document_on,
            due_days=data.due_days,
            customer_id=scope.customer_id,
            currency=scope.currency,
            fingerprint=data.fingerprint,
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )


def _insert_charges(
    db: Session, tenant_id: UUID, run_id: UUID, groups: Sequence[PreviewGroup], documents: Sequence[tuple[str, UUID]]
) -> None:
    """Inserts a charge per group with its lines; `documents`: (number, item id) of each group."""
    charge_ids = new_ids(len(groups))
    charges = [
        {
            "tenant_id": tenant_id,
            "id": charge_id,
            "run_id": run_id,
            "customer_id": group.customer_id,
            "currency": group.currency,
            "item_id": item_id,
            "document_no": name,
            "amount_minor": group.amount_minor,
        }
        for group, charge_id, (name, item_id) in zip(groups, charge_ids, documents, strict=True)
    ]
    db.execute(sa.insert(InterestCharge), charges)
    lines = [row for group, charge_id in zip(groups, charge_ids, strict=True) for row in _line_rows(group, charge_id)]
    db.execute(
        sa.insert(InterestLine),
        [
            {"tenant_id": tenant_id, "id": line_id, **row}
            for line_id, row in zip(new_ids(len(lines)), lines, strict=True)
        ],
    )


def _line_rows(group: PreviewGroup, charge_id: UUID) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for item in group.items:
        for line in item.lines:
            rows.append(
                {
                    "charge_id": charge_id,
                    "position": len(rows) + 1,
                    "item_id": item.item_id,
                    "terms_id": item.terms_id,
                    "part": line.part,
                    "principal_minor": line.principal_minor,
                    "from_on": line.from_on,
                    "to_on": line.to_on,
                    "days": line.days,
                    "rate": line.rate.as_json(),
                    "exact_minor": line.exact_minor,
                    "amount_minor": line.amount_minor,
                }
            )
    return rows


def _record_run(
    db: Session,
    actor: Actor,
    run_id: UUID,
    run_no: str,
    data: PostInterest,
    groups: Sequence[PreviewGroup],
    left_out: int,
) -> None:
    sums: dict[str, list[int]] = {}
    for group in groups:
        total = sums.setdefault(group.currency, [0, 0])
        total[0] += 1
        total[1] += group.amount_minor
    customers = {group.customer_id for group in groups}
    journal.record(
        db,
        actor,
        "interest_posted",
        customer_id=next(iter(customers)) if len(customers) == 1 else None,
        subject_id=run_id,
        data={
            "number": run_no,
            "through_on": data.through_on.isoformat(),
            "document_on": data.document_on.isoformat(),
            "count": len(groups),
            "totals": [
                {"kind": KIND, "currency": currency, "count": count, "amount_minor": minor}
                for currency, (count, minor) in sorted(sums.items())
            ],
            "left_out": left_out,
        },
    )


def set_terms(db: Session, actor: Actor, customer_id: UUID | None, data: SetTerms) -> UUID:
    """Records terms of a customer, or of the company (None); earlier terms are kept.

    Debts in default before `from_on` keep their terms. Raises NotFound, RuleBroken(`interest_minimum_currency`,
    `interest_minimum_unreadable`, `interest_smallest_unreadable`, `interest_standard_of_company`),
    Conflict(`changed_meanwhile`).
    """
    if customer_id is None and data.kind == "standard":
        raise RuleBroken("interest_standard_of_company")
    if customer_id is not None:
        c = Customer
        current = (c.tenant_id == actor.tenant_id, c.id == customer_id, c.retired_at.is_(None))
        if db.execute(sa.select(c.id).where(*current)).first() is None:
            raise NotFound("customer_not_found")
    actor = lock_counter(db, actor, f"interest_terms:{customer_id or ''}")
    check_version(data, terms_version(recorded_terms(db, actor.tenant_id, customer_id)))
    terms_id = new_id()
    row = {
        "customer_id": customer_id,
        "currency": data.currency,
        "from_on": data.from_on,
        "kind": data.scheme,
        "annual_percent": data.annual_percent,
        "daily_percent": data.daily_percent,
        "factor": data.factor,
        "margin_percent": data.margin_percent,
        "basis": int(data.basis),
        "grace_days": data.grace_days,
        "fixed_sum": data.fixed_sum and data.scheme in statutes(),
        "minimum_minor": _parse_minimum(data, data.minimum, "interest_minimum_unreadable"),
        "document_minimum_minor": _parse_minimum(data, data.document_minimum, "interest_smallest_unreadable"),
        "note": data.note,
    }
    db.execute(
        sa.insert(InterestTerms).values(
            tenant_id=actor.tenant_id, id=terms_id, recorded_at=actor.now, recorded_by=actor.name, **row
        )
    )
    facts = {name: value if value is None or isinstance(value, int) else str(value) for name, value in row.items()}
    journal.record(db, actor, "interest_terms_set", customer_id=customer_id, subject_id=terms_id, data=facts)
    return terms_id


def _parse_minimum(data: SetTerms, typed: str, unreadable: str) -> int | None:
    """Returns an amount typed in the currency of the terms, None for none.

    Raises RuleBroken(`interest_minimum_currency`, the code `unreadable`).
    """
    if not typed:
        return None
    if data.currency is None:
        raise RuleBroken("interest_minimum_currency")
    try:
        found = parse_amount(typed, data.currency)
    except BadAmount:
        found = -1
    if found < 0:
        raise RuleBroken(unreadable, amount=typed)
    return found or None
