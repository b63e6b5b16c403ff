"""Routes of one statement: figures and evidence, PDF, preview of the debtor's page, sending, delivery outcome.

Invariant: parse, authorise, one command or one query, render; the preview needs no token and stores nothing. The views
are registered on the blueprint of `routes`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import url_for

from ar.statements import delivery_outcome, issuing, queries
from ar.statements.documents import bucket_name, kind_name, page_texts
from ar.statements.inputs import REASONS, ResolveDelivery
from ar.statements.routes import NAMES, bp
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from kernel.i18n import use_language
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.refusals import refused
from web.responses import Page, download, render


def _statement_page(form: Form[Any], statement_id: UUID) -> str:
    page = queries.statement_page(db(), actor().tenant_id, statement_id, actor().today)
    return render(
        "ar/statements/show.html",
        page=page,
        form=form,
        statement=page.statement,
        answer=page.answer,
        bucket_name=bucket_name,
        kind_name=kind_name,
        reasons=REASONS,
        may_issue=may(Permission.ISSUE_STATEMENT),
        **NAMES,
    )


@bp.get("/<uuid:statement_id>")
@staff(Permission.READ)
def show(statement_id: UUID) -> Page:
    """Shows one statement: figures, lines, mails, and the answer with its evidence."""
    return _statement_page(blank(), statement_id)


@bp.get("/<uuid:statement_id>/statement.pdf")
@staff(Permission.READ)
def pdf(statement_id: UUID) -> Page:
    """Downloads the stored PDF."""
    number, content = queries.stored_pdf(db(), actor().tenant_id, statement_id)
    return download(content, "application/pdf", f"{number}.pdf")


@bp.get("/<uuid:statement_id>/preview")
@staff(Permission.READ)
def preview(statement_id: UUID) -> Page:
    """Shows the debtor's page in the debtor's language; no token is issued or used."""
    view = queries.statement_view(db(), actor().tenant_id, statement_id, actor().today)
    sender = queries.sender(db(), actor().tenant_id)
    with use_language(view.language):
        return render(
            "portal/statement.html",
            statement=view,
            preview=True,
            errors={},
            pdf_url=url_for("statements.pdf", statement_id=statement_id),
            portal={
                "sender": sender.name,
                "language": None,
                "help_text": _("Questions: %(contact)s", contact=sender.contact_line),
            },
            **page_texts(view.closing_minor, view.period_to, view.interest_minor),
        )


@bp.post("/<uuid:statement_id>/deliveries")
@staff(Permission.ISSUE_STATEMENT)
def send_again(statement_id: UUID) -> Page:
    """Sends the statement (again) with a new link; earlier links are closed."""
    try:
        issuing.send_statement(db(), actor(), statement_id)
    except (RuleBroken, Conflict) as error:
        return refused(error, url_for("statements.show", statement_id=statement_id))
    return done(_("The statement is on its way with a new link."), "statements.show", statement_id=statement_id)


def _delivery_page(form: Form[Any], statement_id: UUID, mail_id: UUID) -> str:
    return _statement_page(form, statement_id)


@bp.post("/<uuid:statement_id>/deliveries/<uuid:mail_id>/outcome")
@staff(Permission.ISSUE_STATEMENT)
@command_form(ResolveDelivery, page=_delivery_page)
def settle_delivery(data: ResolveDelivery, statement_id: UUID, mail_id: UUID) -> Page:
    """Records the delivery outcome of a mail in doubt."""
    delivery_outcome.resolve_delivery(db(), actor(), statement_id, mail_id, data)
    return done(_("Noted."), "statements.show", statement_id=statement_id)
