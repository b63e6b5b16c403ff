"""Pages of the sure lines, of a batch posted from them, and undoing it.

Invariant: parse, authorise, one command or one query, render; what is posted is what the form showed. The views belong
to the blueprint of `matching.routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import request, url_for

from ar.receipts.matching import batch_queries
from ar.receipts.matching.batches import post_shown_lines, undo_batch
from ar.receipts.matching.inputs import PostShownLines, UndoBatch
from ar.receipts.matching.routes import bp
from ar.receipts.messages import BATCH_OUTCOMES, UNDO_OUTCOMES
from kernel.errors import NotFound
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank, read_form
from web.paging import read_page
from web.responses import Page, render, see_other


def _sure_page(form: Form[Any]) -> str:
    lines, total = batch_queries.sure_lines(db(), actor())
    return render(
        "ar/receipts/matching/sure.html",
        lines=lines,
        total=total,
        totals=batch_queries.totals(lines),
        form=form.at("sure"),
        ticked=set(request.form.getlist("selected")) if form.slot else None,
        may_post=may(Permission.POST_LEDGER),
    )


@bp.get("/sure")
@staff(Permission.READ_BANK)
def sure() -> Page:
    """Lists the sure lines with what each would pay."""
    return _sure_page(blank())


def _read_shown(model: type[PostShownLines]) -> Form[PostShownLines]:
    """Reads the ticked lines, each as id and proof."""
    lines = [
        dict(zip(("line_id", "proof"), each.partition(":")[::2], strict=True))
        for each in request.form.getlist("selected")
    ]
    form = read_form(model, {"lines": lines})
    if any(name.startswith("lines") for name in form.errors):
        form.errors = {name: text for name, text in form.errors.items() if not name.startswith("lines")}
        form.errors["selected"] = _("Tick the lines that are to be posted.")
    return form


@bp.post("/sure")
@staff(Permission.POST_LEDGER)
@command_form(PostShownLines, page=_sure_page, slot="sure", read=_read_shown, also=(NotFound,))
def accept(data: PostShownLines) -> Page:
    """Posts exactly the ticked lines as they were shown."""
    batch_id = post_shown_lines(db(), actor(), data)
    return see_other(url_for("matching.batch", batch_id=batch_id))


@bp.get("/batches")
@staff(Permission.READ_BANK)
def batches() -> Page:
    """Lists the batches, the newest first."""
    asked = read_page(request.args)
    rows, total = batch_queries.batch_list(db(), actor().tenant_id, offset=asked.offset, limit=asked.limit)
    pager = asked.page(total, url_for("matching.batches"), request.args)
    return render("ar/receipts/matching/batches.html", rows=rows, pager=pager)


def _batch_page(form: Form[Any], batch_id: UUID) -> str:
    page = batch_queries.batch_page(db(), actor().tenant_id, batch_id)
    return render(
        "ar/receipts/matching/batch.html",
        page=page,
        totals=batch_queries.totals(page.posted),
        outcomes=BATCH_OUTCOMES,
        undo_outcomes=UNDO_OUTCOMES,
        form=form.at("undo"),
        may_post=may(Permission.POST_LEDGER),
    )


@bp.get("/batches/<uuid:batch_id>")
@staff(Permission.READ_BANK)
def batch(batch_id: UUID) -> Page:
    """Shows a batch with the result of each line."""
    return _batch_page(blank(), batch_id)


@bp.post("/batches/<uuid:batch_id>/undoing", endpoint="undo_batch")
@staff(Permission.POST_LEDGER)
@command_form(UndoBatch, page=_batch_page, slot="undo")
def undo(data: UndoBatch, batch_id: UUID) -> Page:
    """Undoes the batch where nothing depends on its receipts."""
    undo_batch(db(), actor(), batch_id, data)
    return done(_("The batch is undone."), "matching.batch", batch_id=batch_id)
