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
from ar.ledger.models import OpenItem
from ar.ledger.rates import company_currency, total_of
from ar.losses import expected
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
from ar.losses.reading import open_by_bucket
from ar.losses.sums import stands
from ar.losses.views import (
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
from kernel.errors import NotFound

OFFERED_MAX: Final = 500


def runs(db: Session, tenant_id: UUID, *, offset: int, limit: int) -> tuple[list[RunLine], int]:
    """Provision runs, the newest first, and how many there are."""
    r = ProvisionRun
    total = db.execute(sa.select(sa.func.count()).select_from(r).where(r.tenant_id == tenant_id)).scalar_one()
    rows: Any = db.execute(_runs(tenant_id).order_by(r.as_of.desc(), r.id.desc()).offset(offset).limit(limit))
    return [RunLine(*row) for row in rows], total


def run_page(db: Session, tenant_id: UUID, run_id: UUID) -> RunPage:
    """One run. Raises NotFound(`provision_run_not_found`)."""
    r, v = ProvisionRun, ProvisionReversal
    row: Any = db.execute(_runs(tenant_id).add_columns(r.figures).where(r.id == run_id)).first()
    if row is None:
        raise NotFound("provision_run_not_found")
    standing = sa.select(r.id).where(
        r.tenant_id == tenant_id, ~sa.exists().where(v.tenant_id == tenant_id, v.run_id == r.id)
    )
    last = db.execute(standing.order_by(r.as_of.desc(), r.id.desc()).limit(1)).scalar_one_or_none()
    return RunPage(RunLine(*row[:-1]), row[-1], last == run_id)


def _runs(tenant_id: UUID) -> Any:
    r, v = ProvisionRun, ProvisionReversal
    return (
        sa.select(
            *(r.id, r.number, r.as_of, r.currency, r.required_minor, r.before_minor, r.charge_minor, r.entry_id),
            *(r.recorded_at, r.recorded_by, v.reversed_on, v.reason, v.entry_id, v.recorded_by),
        )
        .outerjoin(v, sa.and_(v.tenant_id == tenant_id, v.run_id == r.id))
        .where(r.tenant_id == tenant_id)
    )


def cases(
    db: Session, tenant_id: UUID, *, state: str = "all", customer_id: UUID | None = None, offset: int, limit: int
) -> tuple[list[CaseLine], dict[str, int]]:
    """Bad-debt cases, the newest first, and how many there are by state."""
    k = BadDebtCase
    where = [k.tenant_id == tenant_id, *([k.customer_id == customer_id] if customer_id else [])]
    counted = db.execute(sa.select(k.state, sa.func.count()).where(*where).group_by(k.state))
    counts = {row[0]: row[1] for row in counted}
    chosen = [*where, *([k.state == state] if state != "all" else [])]
    rows: Any = db.execute(_cases(tenant_id).where(*chosen).order_by(k.id.desc()).offset(offset).limit(limit)).all()
    sums = _sums(db, tenant_id, [row.id for row in rows])
    return [CaseLine(*(*row, sums.get(row.id, ()))) for row in rows], counts


def case_page(db: Session, tenant_id: UUID, case_id: UUID) -> CasePage:
    """One case. Raises NotFound(`bad_debt_not_found`)."""
    k = BadDebtCase
    more = (k.options, k.reason, k.approval_id, k.settled_at, k.settled_by, k.settled_reason)
    row: Any = db.execute(_cases(tenant_id).add_columns(*more).where(k.id == case_id)).first()
    if row is None:
        raise NotFound("bad_debt_not_found")
    case = CaseLine(*(*row[:10], _sums(db, tenant_id, [case_id]).get(case_id, ())))
    b = BadDebtCredit
    credit_rows = db.execute(
        sa.select(b.item_id, b.currency).where(b.tenant_id == tenant_id, b.case_id == case_id).order_by(b.currency)
    )
    credits_of_case = tuple((each.item_id, each.currency) for each in credit_rows)
    parts = (_lines(db, tenant_id, case_id), _files(db, tenant_id, case_id), credits_of_case)
    after = (_recoveries(db, tenant_id, case_id), _events(db, tenant_id, case_id))
    return CasePage(*(case, tuple(row[10]), *row[11:], *parts, *after))


def _cases(tenant_id: UUID) -> Any:
    k, c = BadDebtCase, Customer
    return (
        sa.select(
            *(k.id, k.number, k.customer_id, c.number.label("customer_no"), c.name, k.cause, k.state),
            *(k.written_off_on, k.proposed_at, k.proposed_by),
        )
        .join(c, sa.and_(c.tenant_id == tenant_id, c.id == k.customer_id))
        .where(k.tenant_id == tenant_id)
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
    n, i = BadDebtLine, OpenItem
    rows: Any = db.execute(
        sa.select(n.item_id, i.document_no, i.kind, i.due_on, n.currency, n.amount_minor, i.open_minor)
        .join(i, sa.and_(i.tenant_id == tenant_id, i.id == n.item_id))
        .where(n.tenant_id == tenant_id, n.case_id == case_id)
        .order_by(i.due_on, i.document_no, i.instalment_no)
    )
    return tuple(CaseItem(*row) for row in rows)


def _files(db: Session, tenant_id: UUID, case_id: UUID) -> tuple[CaseFile, ...]:
    f = BadDebtFile
    rows: Any = db.execute(
        sa.select(f.id, f.sha256, f.file_name, f.media_type, f.size_bytes)
        .where(f.tenant_id == tenant_id, f.case_id == case_id)
        .order_by(f.id)
    )
    return tuple(CaseFile(*row) for row in rows)


def case_file(db: Session, tenant_id: UUID, case_id: UUID, sha256: str) -> CaseFile:
    """A file of a case by its hash. Raises NotFound."""
    found = next((each for each in _files(db, tenant_id, case_id) if each.sha256 == sha256), None)
    if found is None:
        raise NotFound("blob_not_found")
    return found


def _recoveries(db: Session, tenant_id: UUID, case_id: UUID) -> tuple[CaseRecovery, ...]:
    r = BadDebtRecovery
    rows: Any = db.execute(
        sa.select(
            *(r.id, r.currency, r.amount_minor, r.recovery_item_id, r.credit_item_id, r.recovered_on, r.note),
            *(r.recorded_by, stands(tenant_id, r.recovery_item_id)),
        )
        .where(r.tenant_id == tenant_id, r.case_id == case_id)
        .order_by(r.id)
    )
    return tuple(CaseRecovery(*row) for row in rows)


def _events(db: Session, tenant_id: UUID, case_id: UUID) -> tuple[CaseEvent, ...]:
    e = BadDebtEvent
    rows: Any = db.execute(
        sa.select(
            *(e.kind, e.happened_on, e.text, e.promised_on, e.promised_minor, e.promised_currency),
            *(e.recorded_at, e.recorded_by),
        )
        .where(e.tenant_id == tenant_id, e.case_id == case_id)
        .order_by(e.happened_on.desc(), e.id.desc())
    )
    return tuple(CaseEvent(*row) for row in rows)


def case_of_recovery(db: Session, tenant_id: UUID, recovery_id: UUID) -> UUID:
    """The case that a recovery belongs to. Raises NotFound(`recovery_not_found`)."""
    r = BadDebtRecovery
    found = db.execute(sa.select(r.case_id).where(r.tenant_id == tenant_id, r.id == recovery_id)).scalar_one_or_none()
    if found is None:
        raise NotFound("recovery_not_found")
    return found


def customer_debts(db: Session, tenant_id: UUID, customer_id: UUID) -> CustomerDebts:
    """The customer with its open debts, the oldest first. Raises NotFound(`customer_not_found`)."""
    c, i, n, k = Customer, OpenItem, BadDebtLine, BadDebtCase
    facts = db.execute(sa.select(c.number, c.name).where(c.tenant_id == tenant_id, c.id == customer_id)).first()
    if facts is None:
        raise NotFound("customer_not_found")
    pending = (
        sa.select(sa.func.min(k.number))
        .select_from(n)
        .join(k, sa.and_(k.tenant_id == tenant_id, k.id == n.case_id))
        .where(n.tenant_id == tenant_id, n.item_id == i.id, k.state == "proposed")
        .scalar_subquery()
    )
    rows: Any = db.execute(
        sa.select(i.id, i.document_no, i.kind, i.due_on, i.currency, i.open_minor, pending)
        .where(i.tenant_id == tenant_id, i.customer_id == customer_id, i.side == 1, i.open_minor > 0)
        .order_by(i.currency, i.due_on, i.document_no, i.instalment_no)
        .limit(OFFERED_MAX)
    )
    return CustomerDebts(customer_id, facts.number, facts.name, tuple(OfferedItem(*row) for row in rows))


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
    rows: Any = db.execute(_cases(tenant_id).where(k.state == "written_off").order_by(c.number, k.id)).all()
    sums = _sums(db, tenant_id, [row.id for row in rows])
    events = db.execute(
        sa.select(k.customer_id, sa.func.max(e.happened_on), sa.func.max(e.promised_on))
        .select_from(e)
        .join(k, sa.and_(k.tenant_id == tenant_id, k.id == e.case_id))
        .where(e.tenant_id == tenant_id, k.state == "written_off")
        .group_by(k.customer_id)
    )
    last = {row[0]: (row[1], row[2]) for row in events}
    found: dict[tuple[UUID, str], Tracked] = {}
    for row in rows:
        for each in sums.get(row.id, ()):
            if not each.written_minor:
                continue
            key = (row.customer_id, each.currency)
            before = found.get(key)
            found[key] = Tracked(
                row.customer_id,
                row.customer_no,
                row.name,
                each.currency,
                (before.cases if before else 0) + 1,
                (before.written_minor if before else 0) + each.written_minor,
                (before.recovered_minor if before else 0) + each.recovered_minor,
                *last.get(row.customer_id, (None, None)),
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
