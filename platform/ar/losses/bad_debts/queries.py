"""Loads bad-debt cases, written-off debts and expected cash for their pages.

Invariant: a constant number of statements per page.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.lookups import company_currency, total_of
from ar.ledger.models import OpenItem
from ar.losses.bad_debts.totals import not_reversed
from ar.losses.bad_debts.views import (
    CaseEvent,
    CaseFile,
    CaseItem,
    CaseLine,
    CasePage,
    CaseRecovery,
    CaseSum,
    CustomerDebts,
    ExpectedBand,
    ExpectedCash,
    OfferedItem,
    WrittenOffDebt,
)
from ar.losses.models import (
    BadDebtCase,
    BadDebtCredit,
    BadDebtEvent,
    BadDebtFile,
    BadDebtLine,
    BadDebtRecovery,
)
from ar.losses.provision.exposure import open_by_bucket
from ar.losses.rules import expected_cash as expected
from kernel.errors import NotFound
from kernel.views import LATER, select_view, value, view, views

OFFERED_MAX: Final = 500


def cases(
    db: Session, tenant_id: UUID, *, state: str = "all", customer_id: UUID | None = None, offset: int, limit: int
) -> tuple[list[CaseLine], dict[str, int]]:
    """Returns one page of cases, the newest first, and the number of cases by state."""
    case = BadDebtCase
    where = [case.tenant_id == tenant_id, *([case.customer_id == customer_id] if customer_id else [])]
    counted = db.execute(sa.select(case.state, sa.func.count()).where(*where).group_by(case.state))
    counts = dict(counted.all())
    chosen = [*where, *([case.state == state] if state != "all" else [])]
    rows = db.execute(_cases(tenant_id).where(*chosen).order_by(case.id.desc()).offset(offset).limit(limit)).all()
    sums = _sums(db, tenant_id, [row.id for row in rows])
    return [view(CaseLine, row, sums=sums.get(row.id, ())) for row in rows], counts


def case_page(db: Session, tenant_id: UUID, case_id: UUID) -> CasePage:
    """Returns one case. Raises NotFound(`bad_debt_not_found`)."""
    of = BadDebtCase
    details = (of.options, of.reason, of.approval_id, of.settled_at, of.settled_by, of.settled_reason)
    row = db.execute(_cases(tenant_id).add_columns(*details).where(of.id == case_id)).first()
    if row is None:
        raise NotFound("bad_debt_not_found")
    case = view(CaseLine, row, sums=_sums(db, tenant_id, [case_id]).get(case_id, ()))
    credit = BadDebtCredit
    credit_rows = db.execute(
        sa.select(credit.item_id, credit.currency)
        .where(credit.tenant_id == tenant_id, credit.case_id == case_id)
        .order_by(credit.currency)
    )
    return view(
        CasePage,
        row,
        case=case,
        options=tuple(row.options),
        lines=_lines(db, tenant_id, case_id),
        files=_files(db, tenant_id, case_id),
        credits=tuple((each.item_id, each.currency) for each in credit_rows),
        recoveries=_recoveries(db, tenant_id, case_id),
        events=_events(db, tenant_id, case_id),
    )


def _cases(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    case, customer = BadDebtCase, Customer
    return (
        select_view(
            CaseLine,
            id=value(case.id),
            number=value(case.number),
            customer_id=value(case.customer_id),
            customer_no=value(customer.number),
            customer_name=value(customer.name),
            cause=value(case.cause),
            state=value(case.state),
            written_off_on=value(case.written_off_on),
            proposed_at=value(case.proposed_at),
            proposed_by=value(case.proposed_by),
            sums=LATER,
        )
        .join(customer, sa.and_(customer.tenant_id == tenant_id, customer.id == case.customer_id))
        .where(case.tenant_id == tenant_id)
    )


def _sums(db: Session, tenant_id: UUID, case_ids: Iterable[UUID]) -> dict[UUID, tuple[CaseSum, ...]]:
    """Returns per case and currency what was proposed, written off and recovered, without reversed documents."""
    line, credit, recovery = BadDebtLine, BadDebtCredit, BadDebtRecovery
    ids = sa.cast(list(case_ids), sa.ARRAY(sa.Uuid))
    zero: sa.ColumnElement[int] = sa.literal(0, sa.BigInteger)

    def rows_of(table: Any, columns: tuple[Any, ...], *only: sa.ColumnElement[bool]) -> sa.Select[Any]:
        return sa.select(table.case_id, table.currency, *columns).where(
            table.tenant_id == tenant_id, table.case_id == sa.any_(ids), *only
        )

    every = sa.union_all(
        rows_of(line, (line.amount_minor.label("proposed"), zero.label("written"), zero.label("recovered"))),
        rows_of(credit, (zero, credit.amount_minor, zero), not_reversed(tenant_id, credit.item_id)),
        rows_of(recovery, (zero, zero, recovery.amount_minor), not_reversed(tenant_id, recovery.recovery_item_id)),
    ).subquery("every")
    totals = [
        sa.cast(sa.func.sum(column), sa.BigInteger) for column in (every.c.proposed, every.c.written, every.c.recovered)
    ]
    rows = db.execute(
        sa.select(every.c.case_id, every.c.currency, *totals)
        .group_by(every.c.case_id, every.c.currency)
        .order_by(every.c.case_id, every.c.currency)
    )
    found: dict[UUID, tuple[CaseSum, ...]] = {}
    for case_id, currency, proposed, written, recovered in rows:
        found[case_id] = (*found.get(case_id, ()), CaseSum(currency, proposed, written, recovered))
    return found


def _lines(db: Session, tenant_id: UUID, case_id: UUID) -> tuple[CaseItem, ...]:
    line, item = BadDebtLine, OpenItem
    rows = db.execute(
        select_view(
            CaseItem,
            item_id=value(line.item_id),
            document_no=value(item.document_no),
            kind=value(item.kind),
            due_on=value(item.due_on),
            currency=value(line.currency),
            amount_minor=value(line.amount_minor),
            open_minor=value(item.open_minor),
        )
        .join(item, sa.and_(item.tenant_id == tenant_id, item.id == line.item_id))
        .where(line.tenant_id == tenant_id, line.case_id == case_id)
        .order_by(item.due_on, item.document_no, item.instalment_no)
    )
    return tuple(views(CaseItem, rows))


def _files(db: Session, tenant_id: UUID, case_id: UUID) -> tuple[CaseFile, ...]:
    file = BadDebtFile
    rows = db.execute(
        select_view(
            CaseFile,
            id=value(file.id),
            sha256=value(file.sha256),
            file_name=value(file.file_name),
            media_type=value(file.media_type),
            size_bytes=value(file.size_bytes),
        )
        .where(file.tenant_id == tenant_id, file.case_id == case_id)
        .order_by(file.id)
    )
    return tuple(views(CaseFile, rows))


def case_file(db: Session, tenant_id: UUID, case_id: UUID, sha256: str) -> CaseFile:
    """Returns a file of a case by its hash. Raises NotFound(`blob_not_found`)."""
    found = next((each for each in _files(db, tenant_id, case_id) if each.sha256 == sha256), None)
    if found is None:
        raise NotFound("blob_not_found")
    return found


def _recoveries(db: Session, tenant_id: UUID, case_id: UUID) -> tuple[CaseRecovery, ...]:
    recovery = BadDebtRecovery
    rows = db.execute(
        select_view(
            CaseRecovery,
            id=value(recovery.id),
            currency=value(recovery.currency),
            amount_minor=value(recovery.amount_minor),
            recovery_item_id=value(recovery.recovery_item_id),
            credit_item_id=value(recovery.credit_item_id),
            recovered_on=value(recovery.recovered_on),
            note=value(recovery.note),
            recorded_by=value(recovery.recorded_by),
            in_force=value(not_reversed(tenant_id, recovery.recovery_item_id)),
        )
        .where(recovery.tenant_id == tenant_id, recovery.case_id == case_id)
        .order_by(recovery.id)
    )
    return tuple(views(CaseRecovery, rows))


def _events(db: Session, tenant_id: UUID, case_id: UUID) -> tuple[CaseEvent, ...]:
    event = BadDebtEvent
    rows = db.execute(
        select_view(
            CaseEvent,
            kind=value(event.kind),
            happened_on=value(event.happened_on),
            text=value(event.text),
            promised_on=value(event.promised_on),
            promised_minor=value(event.promised_minor),
            promised_currency=value(event.promised_currency),
            recorded_at=value(event.recorded_at),
            recorded_by=value(event.recorded_by),
        )
        .where(event.tenant_id == tenant_id, event.case_id == case_id)
        .order_by(event.happened_on.desc(), event.id.desc())
    )
    return tuple(views(CaseEvent, rows))


def case_of_recovery(db: Session, tenant_id: UUID, recovery_id: UUID) -> UUID:
    """Returns the case of a recovery. Raises NotFound(`recovery_not_found`)."""
    recovery = BadDebtRecovery
    query = sa.select(recovery.case_id).where(recovery.tenant_id == tenant_id, recovery.id == recovery_id)
    found = db.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("recovery_not_found")
    return found


def customer_debts(db: Session, tenant_id: UUID, customer_id: UUID) -> CustomerDebts:
    """Returns the customer with its open debts, the oldest first. Raises NotFound(`customer_not_found`)."""
    customer, item, line, case = Customer, OpenItem, BadDebtLine, BadDebtCase
    facts = db.execute(
        sa.select(customer.number, customer.name).where(customer.tenant_id == tenant_id, customer.id == customer_id)
    ).first()
    if facts is None:
        raise NotFound("customer_not_found")
    pending = (
        sa.select(sa.func.min(case.number))
        .select_from(line)
        .join(case, sa.and_(case.tenant_id == tenant_id, case.id == line.case_id))
        .where(line.tenant_id == tenant_id, line.item_id == item.id, case.state == "proposed")
        .scalar_subquery()
    )
    rows = db.execute(
        select_view(
            OfferedItem,
            id=value(item.id),
            document_no=value(item.document_no),
            kind=value(item.kind),
            due_on=value(item.due_on),
            currency=value(item.currency),
            open_minor=value(item.open_minor),
            pending=value(pending),
        )
        .where(item.tenant_id == tenant_id, item.customer_id == customer_id, item.side == 1, item.open_minor > 0)
        .order_by(item.currency, item.due_on, item.document_no, item.instalment_no)
        .limit(OFFERED_MAX)
    )
    return CustomerDebts(customer_id, facts.number, facts.name, tuple(views(OfferedItem, rows)))


def unapplied_receipts(db: Session, tenant_id: UUID, customer_id: UUID) -> list[tuple[UUID, str, str, int]]:
    """Returns (id, number, currency, unapplied minor units) of the customer's unapplied receipts, oldest first."""
    item = OpenItem
    rows = db.execute(
        sa.select(item.id, item.document_no, item.currency, item.open_minor)
        .where(
            item.tenant_id == tenant_id,
            item.customer_id == customer_id,
            item.kind == "receipt",
            item.open_minor > 0,
        )
        .order_by(item.document_on, item.document_no)
        .limit(100)
    )
    return [(row.id, row.document_no, row.currency, row.open_minor) for row in rows]


def written_off_debts(db: Session, tenant_id: UUID, *, settled: bool = False) -> list[WrittenOffDebt]:
    """Returns written-off debts per customer and currency (R234); with `settled` also those recovered in full."""
    case, event = BadDebtCase, BadDebtEvent
    rows = db.execute(_cases(tenant_id).where(case.state == "written_off").order_by(Customer.number, case.id)).all()
    sums = _sums(db, tenant_id, [row.id for row in rows])
    events = db.execute(
        sa.select(case.customer_id, sa.func.max(event.happened_on), sa.func.max(event.promised_on))
        .select_from(event)
        .join(case, sa.and_(case.tenant_id == tenant_id, case.id == event.case_id))
        .where(event.tenant_id == tenant_id, case.state == "written_off")
        .group_by(case.customer_id)
    )
    last = {customer_id: (last_on, promised_on) for customer_id, last_on, promised_on in events}
    found: dict[tuple[UUID, str], WrittenOffDebt] = {}
    for row in rows:
        for each in sums.get(row.id, ()):
            if not each.written_minor:
                continue
            key = (row.customer_id, each.currency)
            before = found.get(key)
            last_on, promised_on = last.get(row.customer_id, (None, None))
            found[key] = WrittenOffDebt(
                customer_id=row.customer_id,
                customer_no=row.customer_no,
                customer_name=row.customer_name,
                currency=each.currency,
                cases=(before.cases if before else 0) + 1,
                written_minor=(before.written_minor if before else 0) + each.written_minor,
                recovered_minor=(before.recovered_minor if before else 0) + each.recovered_minor,
                last_on=last_on,
                promised_on=promised_on,
            )
    return [each for each in found.values() if settled or each.rest_minor]


def expected_cash(db: Session, tenant_id: UUID, as_of: date) -> ExpectedCash:
    """Returns the cash expected from open debts by lateness (R230); never used for the allowance."""
    found, sums = [], dict[str, int]()
    for currency, minors in sorted(open_by_bucket(db, tenant_id, as_of, expected.THROUGH).items()):
        bands = tuple(
            ExpectedBand(band.months, band.percent, minor, expected.expected_minor(minor, band.percent))
            for band, minor in zip(expected.BANDS, minors, strict=True)
        )
        sums[currency] = sum(band.expected_minor for band in bands)
        found.append((currency, bands, sum(minors), sums[currency]))
    own = company_currency(db, tenant_id)
    return ExpectedCash(as_of, tuple(found), total_of(db, tenant_id, sums, own, as_of))
