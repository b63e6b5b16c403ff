"""Serves the journal page: events newest first, and how far the hash chain is sealed.

Invariant: parse, authorise, one query, render; nothing here writes. The view is registered on the blueprint of
`reports.routes`.
"""

from __future__ import annotations

from flask import request, url_for

from ar.reports.journal.queries import JournalFilters, journal_page
from ar.reports.journal.texts import event_kinds, event_name
from ar.reports.routes import bp
from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.access import staff
from tenants.permissions import Permission
from web import filters
from web.context import actor, db
from web.responses import Page, render

ACTOR_NAMES = {
    "person": mark("A person"),
    "system": mark("Huikuan, automatically"),
    "debtor": mark("A debtor"),
    "operator": mark("The command line"),
}


@bp.get("/journal")
@staff(Permission.READ_JOURNAL)
def journal() -> Page:
    """Shows the events, newest first, and how far the chain is sealed."""
    wanted = filters.read(JournalFilters, request.args)
    page = journal_page(db(), actor().tenant_id, wanted, actor().timezone)
    path = url_for("overview.journal")
    return render(
        "ar/reports/journal/journal.html",
        page=page,
        wanted=wanted,
        active=filters.active(wanted, ignore=("sort", "at")),
        sorts=filters.sort_links(wanted, path, "time"),
        next_url=filters.url(wanted, path, at=str(page.next_at)) if page.next_at else "",
        first_url=filters.url(wanted, path, at="") if wanted.cursor else "",
        kind_options=[
            ("", _("All events")),
            *sorted(((kind, event_name(kind)) for kind in event_kinds()), key=lambda option: option[1]),
        ],
        actor_options=[("", _("Everyone")), *((value, _(name)) for value, name in ACTOR_NAMES.items())],
        actor_names=ACTOR_NAMES,
    )
