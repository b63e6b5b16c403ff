"""Serves the list of customers with limits and exposure, and its exports.

Invariant: parse, authorise, one query, render; nothing here writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from flask import Blueprint, request, url_for

from ar.credit.exposure.exports import limits_csv, limits_xlsx
from ar.credit.exposure.listing import limits_page
from ar.credit.exposure.messages import STATE_NAMES
from ar.credit.exposure.rows import AccountRow, account_rows, in_state
from ar.credit.limits.taken_over.queries import taken_over_sums
from kernel.i18n import gettext as _
from kernel.sheets import CSV_TYPE, XLSX_TYPE
from tenants.access import may, staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.paging import read_page
from web.responses import Page, download, render

bp = Blueprint("limits", __name__, url_prefix="/credit/limits")

SORTS: Final = ("customer", "used", "exposure")


@dataclass(frozen=True)
class LimitFilters:
    """Filters of the list in the URL."""

    state: str = filters.choice("all", *STATE_NAMES)
    q: str = filters.text(max_length=80)
    sort: str = filters.choice("customer", "-customer", "used", "-used", "exposure", "-exposure")


@bp.get("/")
@staff(Permission.READ)
def index() -> Page:
    """Lists who has which limit, what is owed and committed, and what is left."""
    wanted, asked, path = filters.read(LimitFilters, request.args), read_page(request.args), url_for("limits.index")
    found = limits_page(
        db(),
        actor().tenant_id,
        actor().today,
        state=wanted.state,
        q=wanted.q,
        sort=wanted.sort,
        offset=asked.offset,
        limit=asked.limit,
    )
    return render(
        "ar/credit/exposure/index.html",
        rows=found.rows,
        total=found.total,
        wanted=wanted,
        today=actor().today,
        chips=filters.chips(
            wanted, "state", [(state, _(name), found.counts[state]) for state, name in STATE_NAMES.items()], path
        ),
        sorts=filters.sort_links(wanted, path, *SORTS),
        active=filters.active(wanted, ignore=("sort", "state")),
        pager=asked.page(found.total, path, request.args),
        nobody_asked=bool(taken_over_sums(db(), actor().tenant_id, None)),
        may_export=may(Permission.EXPORT),
        exports={kind: filters.url(wanted, url_for("limits.export", kind=kind)) for kind in ("xlsx", "csv")},
    )


@bp.get("/export.<any(xlsx, csv):kind>")
@staff(Permission.EXPORT)
def export(kind: str) -> Page:
    """Downloads the rows of the list."""
    wanted = filters.read(LimitFilters, request.args)
    rows = _sorted([row for row in _found(wanted) if in_state(row, wanted.state, actor().today)], wanted.sort)
    name = f"limits-{actor().today.isoformat()}.{kind}"
    if kind == "xlsx":
        return download(limits_xlsx(rows, actor()), XLSX_TYPE, name)
    return download(limits_csv(rows), CSV_TYPE, name)


def _found(wanted: LimitFilters) -> list[AccountRow]:
    text = wanted.q.casefold()
    return [
        row
        for row in account_rows(db(), actor().tenant_id, actor().today)
        if text in row.customer_no.casefold() or text in row.customer_name.casefold()
    ]


def _sorted(rows: list[AccountRow], sort: str) -> list[AccountRow]:
    if sort.removeprefix("-") == "customer":
        return rows if sort == "customer" else rows[::-1]

    def key(row: AccountRow) -> int:
        known = row.account.used_bps if sort.endswith("used") else row.account.exposure_minor
        return -1 if known is None else known

    return sorted(rows, key=key, reverse=sort.startswith("-"))
