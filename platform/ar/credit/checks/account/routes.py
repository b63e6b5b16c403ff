"""Serves the credit page of one customer, and the request for a limit.

Invariant: parse, authorise, one command or one query, render. Stops of shipments and overrides are in `stop_routes`,
guarantees in `guarantee_routes`, on the same blueprint.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for

from ar.credit.checks.account import queries
from ar.credit.checks.holds.inputs import overridable_by
from ar.credit.checks.messages import CHECK_NAMES, HOLD_NAMES
from ar.credit.exposure.messages import PART_LABELS
from ar.credit.exposure.strip import credit_strip
from ar.credit.limits import commands
from ar.credit.limits.inputs import RequestLimit
from ar.credit.limits.messages import GUARANTEE_NAMES, KIND_NAMES, REQUEST_STATES, SOURCE_NAMES
from ar.credit.limits.taking_over import not_yet_approved
from kernel.errors import Conflict, Forbidden, RuleBroken
from kernel.i18n import gettext as _
from tenants.access import may, staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, blank
from web.refusals import refused
from web.responses import Page, render

bp = Blueprint("customer_credit", __name__, url_prefix="/credit/customers")

FIELDS = {
    "amount_unreadable": "amount",
    "limit_too_large": "amount",
    "limit_starts_past": "valid_from",
    "limit_temporary": "valid_to",
    "limit_days": "valid_to",
}
WORDS = {
    "kinds": KIND_NAMES,
    "sources": SOURCE_NAMES,
    "change_states": REQUEST_STATES,
    "hold_names": HOLD_NAMES,
    "check_names": CHECK_NAMES,
    "guarantee_names": GUARANTEE_NAMES,
    "part_labels": PART_LABELS,
}


def account_page(form: Form[Any], customer_id: UUID) -> str:
    """Renders the credit page; `form` fills its slot: limit, stop, override or guarantee."""
    return _page(form, customer_id, None)


def lifting_page(form: Form[Any], customer_id: UUID, stop_id: UUID) -> str:
    """Renders the credit page with the form that lifts one stop."""
    return _page(form, customer_id, stop_id)


def ending_page(form: Form[Any], customer_id: UUID, guarantee_id: UUID) -> str:
    """Renders the credit page with the form that ends one guarantee."""
    return _page(form, customer_id, guarantee_id)


def _page(form: Form[Any], customer_id: UUID, of: UUID | None) -> str:
    tenant_id, today = actor().tenant_id, actor().today
    customer = queries.named_customer(db(), tenant_id, customer_id)
    strip = credit_strip(db(), tenant_id, customer_id, today)
    guarantees = queries.guarantees_of(db(), tenant_id, customer_id)
    is_secured = any(each.is_in_force(today) for each in guarantees)
    day = today.isoformat()
    return render(
        "ar/credit/checks/account/show.html",
        customer=customer,
        strip=strip,
        limits=queries.limits_of(db(), tenant_id, customer_id),
        changes=queries.changes_of(db(), tenant_id, customer_id),
        stops=queries.stops_of(db(), tenant_id, customer_id),
        overrides=queries.overrides_of(db(), tenant_id, customer_id),
        guarantees=guarantees,
        unsecured=strip.account.limit.gives_credit and not is_secured,
        requests=queries.requests_of(db(), tenant_id, customer_id),
        waiting=not_yet_approved(db(), tenant_id, [customer_id]),
        today=today,
        of=of,
        limit_form=form.at("limit", currency=strip.account.currency, valid_from=day),
        stop_form=form.at("stop"),
        lifting=form.at("lifting"),
        override_form=form.at("override", until_on=day),
        guarantee_form=form.at("guarantee", currency=strip.account.currency, valid_from=day),
        ending=form.at("ending"),
        overridable=[(code, _(CHECK_NAMES[code])) for code in overridable_by(actor())],
        may_request=may(Permission.ASSESS),
        may_stop=may(Permission.STOP_SHIPMENTS),
        may_manage=may(Permission.MANAGE_CREDIT),
        **WORDS,
    )


@bp.get("/<uuid:customer_id>")
@staff(Permission.READ)
def show(customer_id: UUID) -> Page:
    """Shows the credit of one customer."""
    return account_page(blank(), customer_id)


@bp.post("/<uuid:customer_id>/limits")
@staff(Permission.ASSESS)
@command_form(RequestLimit, page=account_page, slot="limit", fields=FIELDS)
def request_limit(data: RequestLimit, customer_id: UUID) -> Page:
    """Asks for a limit."""
    commands.request_limit(db(), actor(), customer_id, data)
    text = _("The request is recorded. A cut by the general manager counts at once.")
    return done(text, "customer_credit.show", customer_id=customer_id)


@bp.post("/<uuid:customer_id>/limits/<uuid:change_id>/withdrawal")
@staff(Permission.ASSESS)
def withdraw_limit(customer_id: UUID, change_id: UUID) -> Page:
    """Withdraws a request for a limit."""
    try:
        commands.withdraw_request(db(), actor(), change_id, _("Withdrawn by the requester"))
    except (RuleBroken, Conflict, Forbidden) as error:
        return refused(error, url_for("customer_credit.show", customer_id=customer_id))
    return done(_("The request is withdrawn."), "customer_credit.show", customer_id=customer_id)
