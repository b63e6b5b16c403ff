"""What the pages of losses show: runs, cases, what is tracked, what cash is expected. Frozen views, columns only.

May import the tables of customers and ledger and this slice. Invariant: a constant number of statements per page.
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
from ar.losses.bad_debts.totals import stands
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
    RunLine,
    RunPage,
    Tracked,
)
from ar.losses.models import (
    BadDebtCase,
    BadDebtCredit,
    BadDebtEvent,
    BadDebtFile,
    BadDebtLine,
    BadDebtRecovery,
    ProvisionReversal,
    ProvisionRun,
)
from ar.losses.provision.exposure import open_by_bucket
from ar.losses.rules import expected_cash as expected
from kernel.errors import NotFound
from kernel.views import LATER, select_view, value, view, views

OFFERED_MAX: Final = 500


def runs(db: Session, tenant_id: UUID, *, offset: int, limit: int) -> tuple[list[RunLine], int]:
    """Provision runs, the newest first, and how many there are."""
    r = ProvisionRun
    total = db.execute(sa.select(sa.func.count()).select_from(r).where(r.tenant_id == tenant_id)).scalar_one()
    rows = db.execute(_runs(tenant_id).order_by(r.as_of.desc(), r.id.desc()).offset(offset).limit(limit))
    return views(RunLine, rows), total


def run_page(db: Session, tenant_id: UUID, run_id: UUID) -> RunPage:
    """One run. Raises NotFound(`provision_run_not_found`)."""
    r, v = ProvisionRun, ProvisionReversal
    row = db.execute(_runs(tenant_id).add_columns(r.figures).where(r.id == run_id)).first()
    if row is None:
        raise NotFound("provision_run_not_found")
    standing = sa.select(r.id).where(
        r.tenant_id == tenant_id, ~sa.exists().where(v.tenant_id == tenant_id, v.run_id == r.id)
    )
    last = db.execute(standing.order_by(r.as_of.desc(), r.id.desc()).limit(1)).scalar_one_or_none()
    return RunPage(view(RunLine, row), row.figures, last == run_id)


def _runs(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    run, reversal = ProvisionRun, ProvisionReversal
    return (
        select_view(
            RunLine,
            id=value(run.id),
            number=value(run.number),
            as_of=value(run.as_of),
            currency=value(run.currency),
            required_minor=value(run.required_minor),
            before_minor=value(run.before_minor),
            charge_minor=value(run.charge_minor),
            entry_id=value(run.entry_id),
            recorded_at=value(run.recorded_at),
            recorded_by=value(run.recorded_by),
            reversed_on=value(reversal.reversed_on),
            reversed_reason=value(reversal.reason),
            reversal_entry_id=value(reversal.entry_id),
            reversed_by=value(reversal.recorded_by),
        )
        .outerjoin(reversal, sa.and_(reversal.tenant_id == tenant_id, reversal.run_id == run.id))
        .where(run.tenant_id == tenant_id)
    )


def cases(
    db: Session, tenant_id: UUID, *, state: str = "all", customer_id: UUID | None = None, offset: int, limit: int
) -> tuple[list[CaseLine], dict[str, int]]:
    """Bad-debt cases, the newest first, and how many there are by state."""
    k = BadDebtCase
    where = [k.tenant_id == tenant_id, *([k.customer_id == customer_id] if customer_id else [])]
    counted = db.execute(sa.select(k.state, sa.func.count()).where(*where).group_by(k.state))
    counts = dict(counted.all())
    chosen = [*where, *([k.state == state] if state != "all" else [])]
    rows = db.execute(_cases(tenant_id).where(*chosen).order_by(k.id.desc()).offset(offset).limit(limit)).all()
    sums = _sums(db, tenant_id, [row.id for row in rows])
    return [view(CaseLine, row, sums=sums.get(row.id, ())) for row in rows], counts


def case_page(db: Session, tenant_id: UUID, case_id: UUID) -> CasePage:
    """One case. Raises NotFound(`bad_debt_not_found`)."""
    k = BadDebtCase
    more = (k.options, k.reason, k.approval_id, k.settled_at, k.settled_by, k.settled_reason)
    row = db.execute(_cases(tenant_id).add_columns(*more).where(k.id == case_id)).first()
    if row is None:
        raise NotFound("bad_debt_not_found")
    case = view(CaseLine, row, sums=_sums(db, tenant_id, [case_id]).get(case_id, ()))
    b = BadDebtCredit
    credit_rows = db.execute(
        sa.select(b.item_id, b.currency).where(b.tenant_id == tenant_id, b.case_id == case_id).order_by(b.currency)
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
    """Per case and currency what was proposed, written off and recovered, as far as its documents stand."""
    n, b, r = BadDebtLine, BadDebtCredit, BadDebtRecovery
    ids = sa.cast(list(case_ids), sa.ARRAY(sa.Uuid))
    none: sa.ColumnElement[int] = sa.literal(0, sa.BigInteger)

    def part(t: Any, columns: tuple[Any, ...], *more: sa.ColumnElement[bool]) -> sa.Select[Any]:
        return sa.select(t.case_id, t.currency, *columns).where(
            t.tenant_id == tenant_id, t.case_id == sa.any_(ids), *more
        )

    every = sa.union_all(
        part(n, (n.amount_minor.label("proposed"), none.label("written"), none.label("back"))),
        part(b, (none, b.amount_minor, none), stands(tenant_id, b.item_id)),
        part(r, (none, none, r.amount_minor), stands(tenant_id, r.recovery_item_id)),
    ).subquery("every")
    totals = [
        sa.cast(sa.func.sum(column), sa.BigInteger) for column in (every.c.proposed, every.c.written, every.c.back)
    ]
    rows = db.execute(
        sa.select(every.c.case_id, every.c.currency, *totals)
        .group_by(every.c.case_id, every.c.currency)
        .order_by(every.c.case_id, every.c.currency)
    )
    found: dict[UUID, tuple[CaseSum, ...]] = {}
    for case_id, currency, proposed, written, back in rows:
        found[case_id] = (*found.get(case_id, ()), CaseSum(currency, proposed, written, back))
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
    """A file of a case by its hash. Raises NotFound."""
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
            stands=value(stands(tenant_id, recovery.recovery_item_id)),
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
    """The case that a recovery belongs to. Raises NotFound(`recovery_not_found`)."""
    r = BadDebtRecovery
    found = db.execute(sa.select(r.case_id).where(r.tenant_id == tenant_id, r.id == recovery_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("recovery_not_found")
    return found


def customer_debts(db: Session, tenant_id: UUID, customer_id: UUID) -> CustomerDebts:
    """The customer with its open debts, the oldest first. Raises NotFound(`customer_not_found`)."""
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
    """(id, number, currency, unapplied minor units) of the customer's receipts with something left, oldest first."""
    i = OpenItem
    rows = db.execute(
        sa.select(i.id, i.document_no, i.currency, i.open_minor)
        .where(i.tenant_id == tenant_id, i.customer_id == customer_id, i.kind == "receipt", i.open_minor > 0)
        .order_by(i.document_on, i.document_no)
        .limit(100)
    )
    return [(row.id, row.document_no, row.currency, row.open_minor) for row in rows]


def tracked(db: Session, tenant_id: UUID, *, settled: bool = False) -> list[Tracked]:
    """Written-off debts per customer and currency (R234); with `settled` also those that came back wholly."""
    k, c, e = BadDebtCase, Customer, BadDebtEvent
    rows = db.execute(_cases(tenant_id).where(k.state == "written_off").order_by(c.number, k.id)).all()
    sums = _sums(db, tenant_id, [row.id for row in rows])
    events = db.execute(
        sa.select(k.customer_id, sa.func.max(e.happened_on), sa.func.max(e.promised_on))
        .select_from(e)
        .join(k, sa.and_(k.tenant_id == tenant_id, k.id == e.case_id))
        .where(e.tenant_id == tenant_id, k.state == "written_off")
        .group_by(k.customer_id)
    )
    last = {customer_id: (last_on, promised_on) for customer_id, last_on, promised_on in events}
    found: dict[tuple[UUID, str], Tracked] = {}
    for row in rows:
        for each in sums.get(row.id, ()):
            if not each.written_minor:
                continue
            key = (row.customer_id, each.currency)
            before = found.get(key)
            last_on, promised_on = last.get(row.customer_id, (None, None))
            found[key] = Tracked(
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
    """What of the open debts is expected to come in, by how late they are (R230); never used for the allowance."""
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
