"""The overview pages: Today, one customer, search, the journal. May import this slice, web and tenants.

Invariant: parse, authorise, one query, render; nothing here changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, g, request, url_for

from ar.bills.messages import KIND_NAMES as BILL_KINDS
from ar.bills.messages import STATE_NAMES as BILL_STATES
from ar.cases.messages import HOLD_NAMES
from ar.cases.views import StripStep
from ar.customers.messages import ENTITY_LABELS, PURPOSE_LABELS
from ar.ledger import examining
from ar.ledger.aging import BUCKETS, AgingRow, bucket_ranges
from ar.ledger.messages import KIND_NAMES, STAGE_NAMES, STAGE_TONES
from ar.ledger.rates import total_of
from ar.ledger.travel import When, read_when
from ar.reports import customer_page, journal_page, timeline, today
from ar.reports import search as finding
from ar.reports.exports import BUCKET_NAMES
from ar.reports.messages import event_kinds, event_name
from ar.reports.timeline import Entry
from ar.statements.messages import STATUS_NAMES, STATUS_TONES
from kernel.clock import local_date
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.access import may, staff
from tenants.permissions import Permission, Role
from web import filters, formatters
from web.context import actor, db
from web.forms import blank
from web.paging import read_page
from web.responses import Page, render, see_other

bp = Blueprint("overview", __name__)

TIMELINE_ROWS = 25
# Who is told on Today when the nightly examination found something.
EXAMINERS = frozenset({Role.FINANCE_DIRECTOR, Role.ADMIN})
ACTOR_NAMES = {
    "person": mark("A person"),
    "system": mark("Huikuan by itself"),
    "debtor": mark("A debtor"),
    "operator": mark("The command line"),
}
POLICY_NAMES = {"five-step": mark("Five steps"), "twelve-step": mark("Twelve steps")}
NAMES: dict[str, Any] = {"kinds": KIND_NAMES, "stages": STAGE_NAMES, "stage_tones": STAGE_TONES}


@dataclass(frozen=True)
class _Travel:
    """The day and moment of a customer's balances, when they are not those of now."""

    as_of: date | None = filters.day()
    known: str = filters.text(max_length=40)


@bp.get("/", endpoint="today")
@staff(Permission.ENTER)
def today_view() -> Page:
    """What waits today and how things stand; who may not read the accounts is told so, and is not turned away."""
    if not may(Permission.READ):
        return render("ar/reports/nothing_here.html")
    own, tenant_id = g.company.currency, actor().tenant_id
    page = today.today_page(db(), tenant_id, actor().today, actor().timezone, own)
    balances = {each.aging.currency: each.aging.balance_minor for each in page.sums}
    return render(
        "ar/reports/today.html",
        page=page,
        head=page.head,
        total=total_of(db(), tenant_id, balances, own, page.on),
        differs=examining.runs(db(), tenant_id, 1) if actor().roles & EXAMINERS else [],
        day_sentence=today.day_sentence(page.on, page.head.calendar),
        aging_of=_aging_parts,
        may_import=may(Permission.IMPORT),
        may_review=may(Permission.REVIEW_ACTIONS),
        statuses=STATUS_NAMES,
    )


@bp.get("/customers/<uuid:customer_id>")
@staff(Permission.READ)
def customer(customer_id: UUID) -> Page:
    """One customer on one page."""
    tenant_id, day = actor().tenant_id, actor().today
    travel = filters.read(_Travel, request.args)
    when = read_when(travel.as_of, travel.known, actor())
    page = customer_page.customer_page(db(), tenant_id, customer_id, day, as_of=when.as_of, known_at=when.known_at)
    asked = read_page({"page": request.args.get("page", "")}, TIMELINE_ROWS)
    found = timeline.customer_timeline(
        db(), tenant_id, customer_id, actor().timezone, offset=asked.offset, limit=asked.limit
    )
    path = url_for("overview.customer", customer_id=customer_id)
    return render(
        "ar/reports/customer.html",
        page=page,
        facts=page.facts,
        bill_kinds=BILL_KINDS,
        bill_states=BILL_STATES,
        entries=[_entry(each) for each in found.entries],
        pager=asked.page(found.total, path, request.args),
        when=when,
        total=total_of(
            db(), tenant_id, {each.currency: each.balance_minor for each in page.sums}, g.company.currency, when.as_of
        ),
        unread=filters.unread_days(_Travel, request.args),
        aging_of=partial(_aging_parts, when=when),
        ladder=[_rung(step) for step in page.strip.steps] if page.strip else [],
        form=blank(),
        hold_items=[(item.id, item.document_no) for item in page.items if item.side > 0],
        hold_names=HOLD_NAMES,
        next=path,
        purposes=PURPOSE_LABELS,
        entity_types=ENTITY_LABELS,
        policies=POLICY_NAMES,
        statuses=STATUS_NAMES,
        status_tones=STATUS_TONES,
        may_edit=may(Permission.EDIT_CUSTOMER),
        may_block=may(Permission.PLACE_BLOCK),
        may_issue=may(Permission.ISSUE_STATEMENT),
        **NAMES,
    )


@bp.get("/search")
@staff(Permission.READ)
def search() -> Page:
    """What was typed into the box on top; an exact number leads straight to its page."""
    found = finding.search(db(), actor().tenant_id, request.args.get("q", ""), g.company.currency)
    if found.straight is not None:
        return see_other(_target(found.straight))
    groups = [
        (_("Customers"), found.of(finding.CUSTOMER)),
        (_("Contacts"), found.of(finding.CONTACT)),
        (_("Documents"), found.of(finding.DOCUMENT)),
        (_("Documents of this amount"), found.of(finding.AMOUNT)),
        (_("Statements"), found.of(finding.STATEMENT)),
    ]
    return render(
        "ar/reports/search.html",
        found=found,
        groups=[(title, hits) for title, hits in groups if hits],
        target=_target,
        limit=finding.GROUP_MAX,
        **NAMES,
    )


@bp.get("/journal")
@staff(Permission.READ_JOURNAL)
def journal() -> Page:
    """What happened, newest first, and how far the chain is sealed."""
    wanted = filters.read(journal_page.JournalFilters, request.args)
    page = journal_page.journal_page(db(), actor().tenant_id, wanted, actor().timezone)
    path = url_for("overview.journal")
    return render(
        "ar/reports/journal.html",
        page=page,
        wanted=wanted,
        active=filters.active(wanted, ignore=("sort", "at")),
        sorts=filters.sort_links(wanted, path, "time"),
        next_url=filters.url(wanted, path, at=str(page.next_at)) if page.next_at else "",
        first_url=filters.url(wanted, path, at="") if wanted.cursor else "",
        kind_options=[
            ("", _("All events")),
            *sorted(((k, event_name(k)) for k in event_kinds()), key=lambda each: each[1]),
        ],
        actor_options=[("", _("Everybody")), *((value, _(name)) for value, name in ACTOR_NAMES.items())],
        actor_names=ACTOR_NAMES,
    )


def _aging_parts(row: AgingRow, customer_no: str = "", when: When | None = None) -> list[dict[str, Any]]:
    """The buckets of a row for the picture, each with the list behind it."""
    as_of = when.as_of if when else actor().today
    then = {"on": as_of.isoformat(), "known": when.known or None} if when and when.travelled else {}
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


def _rung(step: StripStep) -> dict[str, str]:
    return {"label": step.label, "state": step.state, "on": formatters.date(step.on), "text": step.text}


def _entry(entry: Entry) -> dict[str, Any]:
    """An entry as the timeline shows it: the year only where it is not this one."""
    day = local_date(entry.at, actor().timezone)
    this_year = day.year == actor().today.year
    if entry.whole_day or not this_year:
        at = formatters.short_date(day) if this_year else formatters.date(day)
    else:
        at = formatters.short_datetime(entry.at)
    return {
        "at": at,
        "iso": day.isoformat() if entry.whole_day else entry.at.isoformat(),
        "title": entry.title,
        "text": entry.text,
        "why": entry.why,
        "tone": entry.tone,
        "url": _entry_url(entry),
    }


def _entry_url(entry: Entry) -> str:
    if entry.source == "action":
        return url_for("cases.action", action_id=entry.id)
    return url_for("ledger.show", item_id=entry.id) if entry.source == "receipt" else ""


def _target(hit: finding.Hit) -> str:
    if hit.group in (finding.DOCUMENT, finding.AMOUNT):
        return url_for("ledger.show", item_id=hit.id)
    if hit.group == finding.STATEMENT:
        return url_for("statements.show", statement_id=hit.id)
    return url_for("overview.customer", customer_id=hit.customer_id)
