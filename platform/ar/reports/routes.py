"""Serves Today and the search, and holds the blueprint of the customer and journal pages.

Invariant: parse, authorise, one query, render; nothing here writes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, g, request, url_for

from ar.cases.lookups import WAITING, stop_proposals
from ar.ledger.lookups import AsOfRequest, examination_runs, total_of
from ar.ledger.messages import KIND_NAMES, STAGE_NAMES, STAGE_TONES
from ar.ledger.rules.aging import BUCKETS, AgingRow, bucket_ranges
from ar.reports import search as global_search
from ar.reports.aging.exports import BUCKET_NAMES
from ar.reports.decisions.queries import decision_counts
from ar.reports.today.queries import day_sentence, today_page
from ar.reports.today.work import DUE_SOON_DAYS, team_rows, work_lines
from ar.statements.messages import STATUS_NAMES
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission, Role
from tenants.queries import work_calendar
from web import formatters
from web.context import actor, db
from web.responses import Page, render, see_other

bp = Blueprint("overview", __name__)

# Roles that see on Today that the nightly examination found a difference.
EXAMINERS = frozenset({Role.FINANCE_DIRECTOR, Role.GENERAL_MANAGER, Role.AUDITOR})
NAMES: dict[str, Any] = {"kinds": KIND_NAMES, "stages": STAGE_NAMES, "stage_tones": STAGE_TONES}


@bp.get("/", endpoint="today")
@staff(Permission.ENTER)
def today_view() -> Page:
    """Shows work queues and balances of the day; who reads no accounts is led to the goods that are their work."""
    if not may(Permission.READ):
        return see_other(url_for("warehouse.warehouse" if may(Permission.SHIP) else "driver.driver"))
    if not may(Permission.READ_TOTALS):
        return _today_without_totals()
    own, tenant_id = g.company.currency, actor().tenant_id
    page = today_page(db(), tenant_id, actor().today, actor().timezone, own, _forms_of_reader(), actor())
    work = work_lines(db(), actor(), page)
    receivables = {each.aging.currency: each.receivables_minor for each in page.sums}
    return render(
        "ar/reports/today/today.html",
        page=page,
        counts=page.counts,
        total=total_of(db(), tenant_id, receivables, own, page.on),
        differs=examination_runs(db(), tenant_id, 1) if actor().roles & EXAMINERS else [],
        day_sentence=day_sentence(page.on, page.counts.calendar),
        aging_of=aging_parts,
        may_import=may(Permission.IMPORT),
        may_settings=may(Permission.MANAGE_SETTINGS),
        may_review=may(Permission.REVIEW_ACTIONS),
        may_work=may(Permission.WORK_TASKS),
        work=work,
        open_tasks=sum(line.count for line in work if line.code == "calls"),
        due_soon_to=actor().today + timedelta(days=DUE_SOON_DAYS),
        team=team_rows(db(), actor()),
        statuses=STATUS_NAMES,
    )


def _today_without_totals() -> str:
    """Renders the Today of who works with single customers and reads no sums of the company."""
    follows_up = Role.ORDER_FOLLOW_UP in actor().roles
    return render(
        "ar/reports/today/without_totals.html",
        waiting=decision_counts(db(), actor()),
        unnoticed=work_calendar(db(), actor().tenant_id).missing_notice(actor().today),
        may_settings=may(Permission.MANAGE_SETTINGS),
        stops=stop_proposals(db(), actor().tenant_id) if follows_up else None,
    )


def _forms_of_reader() -> list[tuple[str, str]]:
    """Returns the (form, state) of queued actions that the reader can do something about."""
    letters, calls = may(Permission.REVIEW_ACTIONS), may(Permission.WORK_TASKS)
    return [(form, state) for form, state in WAITING if (letters if form == "letter" else calls)]


@bp.get("/pages", endpoint="pages")
@staff(Permission.ENTER)
def all_pages() -> Page:
    """Lists the pages that the reader uses, by heading: where a phone's bar leads on."""
    return render("ar/reports/pages.html")


@bp.get("/search")
@staff(Permission.READ)
def search() -> Page:
    """Shows the hits of the search box; redirects to the page of an exactly matching number."""
    found = global_search.search(db(), actor().tenant_id, request.args.get("q", ""), g.company.currency)
    if found.exact_hit is not None:
        return see_other(_target(found.exact_hit))
    groups = [
        (_("Customers"), found.in_group(global_search.CUSTOMER)),
        (_("Contacts"), found.in_group(global_search.CONTACT)),
        (_("Documents"), found.in_group(global_search.DOCUMENT)),
        (_("Documents of this amount"), found.in_group(global_search.AMOUNT)),
        (_("Statements"), found.in_group(global_search.STATEMENT)),
    ]
    return render(
        "ar/reports/search.html",
        found=found,
        groups=[(title, hits) for title, hits in groups if hits],
        target=_target,
        limit=global_search.GROUP_MAX,
        **NAMES,
    )


def aging_parts(row: AgingRow, customer_no: str = "", when: AsOfRequest | None = None) -> list[dict[str, Any]]:
    """Returns the buckets of a row for the chart, each linked to its documents."""
    as_of = when.as_of if when else actor().today
    then = {"on": as_of.isoformat(), "known": when.known or None} if when and when.is_not_now else {}
    parts = []
    for bucket, minor, ends in zip(BUCKETS, row.buckets_minor, bucket_ranges(as_of), strict=True):
        url = url_for(
            "ledger.index",
            state="owed",
            customer=customer_no or None,
            currency=row.currency,
            due_from=ends.first_on.isoformat() if ends.first_on else None,
            due_to=ends.last_on.isoformat() if ends.last_on else None,
            **then,  # type: ignore[arg-type]  # url_for's own options are not among them
        )
        text = formatters.amount(minor, row.currency)
        parts.append({"label": _(BUCKET_NAMES[bucket]), "minor": minor, "text": text, "url": url if minor else ""})
    return parts


def _target(hit: global_search.SearchHit) -> str:
    if hit.group in (global_search.DOCUMENT, global_search.AMOUNT):
        return url_for("ledger.show", item_id=hit.id)
    if hit.group == global_search.STATEMENT:
        return url_for("statements.show", statement_id=hit.id)
    return url_for("overview.customer", customer_id=hit.customer_id)
