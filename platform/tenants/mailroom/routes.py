"""Serves the page of e-mails in doubt, and the form that settles one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request

from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.mailroom import commands, queries
from tenants.mailroom.inputs import SettleMail
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.paging import read_page
from web.responses import Page, render

bp = Blueprint("mailroom", __name__, url_prefix="/mails")


def _index_page(form: Form[Any]) -> str:
    asked = read_page(request.args)
    total, mails = queries.mails_in_doubt(db(), actor().tenant_id, asked.limit, asked.offset)
    pager = asked.page(total, request.path, request.args)
    return render("tenants/mailroom/index.html", form=form, mails=mails, total=total, pager=pager)


@bp.get("/")
@staff(Permission.SETTLE_MAIL)
def index() -> Page:
    """Shows the company's mails in doubt."""
    return _index_page(blank())


def _settled_page(form: Form[Any], mail_id: UUID) -> str:
    return _index_page(form)


@bp.post("/<uuid:mail_id>/settlement")
@staff(Permission.SETTLE_MAIL)
@command_form(SettleMail, page=_settled_page)
def settle(data: SettleMail, mail_id: UUID) -> Page:
    """Records what became of a mail in doubt."""
    commands.settle_mail(db(), actor(), mail_id, data)
    texts = {
        "arrived": _("Noted: the e-mail arrived."),
        "lost": _("Noted: the e-mail did not arrive."),
        "send_again": _("Noted. The e-mail is on its way again."),
    }
    return done(texts[data.outcome], "mailroom.index")
