"""Serves the page of one customer: balances, ladder, documents, timeline.

Invariant: parse, authorise, one query, render; nothing here writes. The view is registered on the blueprint of
`reports.routes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from flask import g, request, url_for

from ar.bills.messages import KIND_NAMES as BILL_KINDS
from ar.bills.messages import STATE_NAMES as BILL_STATES
from ar.cases.lookups import LadderStripStep, stop_proposals
from ar.cases.messages import HOLD_NAMES
from ar.credit.lookups import (
    ASSESSMENT_STATES,
    PART_LABELS,
    SIGNAL_DECISIONS,
    active_stops,
    credit_strip,
    customer_assessments,
    customer_signals,
)
from ar.customers.lookups import BLACKLIST_STATES, customer_standing, gap_sentence
from ar.customers.messages import ENTITY_LABELS, GROUP_KINDS, PURPOSE_LABELS, SIZE_NAMES
from ar.ledger.lookups import parse_as_of_request, total_of
from ar.reports.customer.queries import customer_page
from ar.reports.customer.timeline import TimelineEntry, customer_timeline
from ar.reports.routes import NAMES, aging_parts, bp
from ar.sales.lookups import notes_of_customer, orders_of_customer
from ar.statements.messages import STATUS_NAMES, STATUS_TONES
from kernel.clock import local_date
from kernel.i18n import mark
from tenants.access import may, staff
from tenants.permissions import ROLE_NAMES, Permission
from web import filters, formatters
from web.context import actor, db
from web.forms import blank
from web.paging import read_page
from web.responses import Page, render

TIMELINE_ROWS = 25
POLICY_NAMES = {"five-step": mark("Five steps"), "twelve-step": mark("Twelve steps")}


@dataclass(frozen=True)
class AsOfFilters:
    """As-of date and moment of the balances; empty: now."""

    as_of: date | None = filters.day()
    known: str = filters.text(max_length=40)


@bp.get("/customers/<uuid:customer_id>")
@staff(Permission.READ)
def customer(customer_id: UUID) -> Page:
    """Shows one customer."""
    tenant_id, day = actor().tenant_id, actor().today
    wanted = filters.read(AsOfFilters, request.args)
    when = parse_as_of_request(wanted.as_of, wanted.known, actor())
    page = customer_page(db(), tenant_id, customer_id, day, as_of=when.as_of, known_at=when.known_at)
    paging = read_page({"page": request.args.get("page", "")}, TIMELINE_ROWS)
    found = customer_timeline(db(), tenant_id, customer_id, actor().timezone, offset=paging.offset, limit=paging.limit)
    path = url_for("overview.customer", customer_id=customer_id)
    standing = customer_standing(db(), tenant_id, customer_id, day)
    placing = asked if (asked := request.args.get("place", "")) in HOLD_NAMES else ""
    return render(
        "ar/reports/customer/customer.html",
        page=page,
        facts=page.facts,
        credit=None if when.is_not_now else credit_strip(db(), tenant_id, customer_id, day),
        stops=active_stops(db(), tenant_id, customer_id, day),
        part_labels=PART_LABELS,
        orders=orders_of_customer(db(), tenant_id, customer_id),
        notes=notes_of_customer(db(), tenant_id, customer_id),
        bill_kinds=BILL_KINDS,
        bill_states=BILL_STATES,
        entries=[_entry(each) for each in found.entries],
        pager=paging.page(found.total, path, request.args),
        when=when,
        total=total_of(
            db(), tenant_id, {each.currency: each.balance_minor for each in page.sums}, g.company.currency, when.as_of
        ),
        unread=filters.unread_days(AsOfFilters, request.args),
        aging_of=partial(aging_parts, when=when),
        ladder=[_ladder_step(step) for step in page.strip.steps] if page.strip else [],
        form=blank(kind=placing) if placing else blank(),
        placing=placing,
        proposed_stops=[] if may(Permission.READ_TOTALS) else stop_proposals(db(), tenant_id, customer_id),
        danger_signals=customer_signals(db(), tenant_id, customer_id),
        signal_decisions=SIGNAL_DECISIONS,
        may_note=may(Permission.NOTE_SIGNAL),
        may_work=may(Permission.WORK_TASKS),
        hold_items=[(item.id, item.document_no) for item in page.items if item.side > 0],
        currencies=[each.currency for each in page.sums] or [g.company.currency],
        hold_names=HOLD_NAMES,
        next=path,
        purposes=PURPOSE_LABELS,
        entity_types=ENTITY_LABELS,
        policies=POLICY_NAMES,
        statuses=STATUS_NAMES,
        status_tones=STATUS_TONES,
        assessed=customer_assessments(db(), tenant_id, customer_id),
        states=ASSESSMENT_STATES,
        roles=ROLE_NAMES,
        today=day,
        may_assess=may(Permission.ASSESS),
        may_edit=may(Permission.EDIT_CUSTOMER),
        standing=standing,
        gap_texts=[gap_sentence(each, formatters.date(each.due_on) if each.due_on else "") for each in standing.gaps],
        blacklist_states=BLACKLIST_STATES,
        group_kinds=GROUP_KINDS,
        sizes=SIZE_NAMES,
        may_list=may(Permission.STOP_SHIPMENTS),
        may_block=may(Permission.PLACE_BLOCK),
        may_issue=may(Permission.ISSUE_STATEMENT),
        **NAMES,
    )


def _ladder_step(step: LadderStripStep) -> dict[str, str]:
    return {"label": step.label, "state": step.state, "on": formatters.date(step.on), "text": step.text}


def _entry(entry: TimelineEntry) -> dict[str, Any]:
    """Returns an entry for the template; the year is left out when it is the current one."""
    day = local_date(entry.at, actor().timezone)
    at = formatters.short_date(day) if entry.whole_day else formatters.short_datetime(entry.at)
    return {
        "at": at if day.year == actor().today.year else formatters.date(day),
        "iso": day.isoformat() if entry.whole_day else entry.at.isoformat(),
        "title": entry.title,
        "text": entry.text,
        "why": entry.why,
        "tone": entry.tone,
        "url": _entry_url(entry),
    }


def _entry_url(entry: TimelineEntry) -> str:
    if entry.source == "action":
        return url_for("cases.action", action_id=entry.id)
    return url_for("ledger.show", item_id=entry.id) if entry.source == "receipt" else ""
