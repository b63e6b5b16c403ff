"""Stops shipments to a customer, lets them go on, and lets the customer pass one check for a time.

Invariant: parse, authorise, one command, answer. The views are registered on the blueprint of `account.routes`.
"""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from flask import request, url_for
from pydantic import BaseModel

from ar.credit.checks.account.routes import account_page, bp, lifting_page
from ar.credit.checks.holds import commands, notice
from ar.credit.checks.holds.inputs import GrantOverride, LiftStop, StopShipments
from kernel.errors import Conflict, RuleBroken
from kernel.i18n import gettext as _
from tenants.access import staff
from tenants.permissions import Permission
from web.command_form import command_form, done
from web.context import actor, db
from web.forms import Form, read_form
from web.refusals import refused
from web.responses import Page, download

PAGE = "customer_credit.show"
M = TypeVar("M", bound=BaseModel)


def _of_customer(model: type[M]) -> Form[M]:
    """Reads a form whose customer stands in the address."""
    return read_form(model, extra={"customer_id": (request.view_args or {})["customer_id"]})


@bp.post("/<uuid:customer_id>/stops")
@staff(Permission.STOP_SHIPMENTS)
@command_form(StopShipments, page=account_page, slot="stop", fields={"stop_until_past": "until_on"}, read=_of_customer)
def stop(data: StopShipments, customer_id: UUID) -> Page:
    """Stops shipments to the customer."""
    commands.stop_shipments(db(), actor(), data)
    return done(_("Shipments are stopped. Whoever ships is told so at once."), PAGE, customer_id=customer_id)


@bp.post("/<uuid:customer_id>/stops/<uuid:stop_id>/lifting")
@staff(Permission.STOP_SHIPMENTS)
@command_form(LiftStop, page=lifting_page, slot="lifting")
def lift(data: LiftStop, customer_id: UUID, stop_id: UUID) -> Page:
    """Lifts one stop; others stay."""
    commands.lift_stop(db(), actor(), stop_id, data)
    return done(_("This stop is lifted. Other stops stay in force."), PAGE, customer_id=customer_id)


@bp.post("/<uuid:customer_id>/stops/<uuid:stop_id>/notice")
@staff(Permission.STOP_SHIPMENTS)
def send_notice(customer_id: UUID, stop_id: UUID) -> Page:
    """Sends the notice of a stop to the customer (Civil Code art. 528)."""
    try:
        notice.send_stop_notice(db(), actor(), stop_id)
    except (Conflict, RuleBroken) as error:
        return refused(error, url_for(PAGE, customer_id=customer_id))
    return done(_("The notice is on its way."), PAGE, customer_id=customer_id)


@bp.get("/<uuid:customer_id>/stops/<uuid:stop_id>/notice")
@staff(Permission.READ)
def read_notice(customer_id: UUID, stop_id: UUID) -> Page:
    """Downloads the notice as it went out."""
    number, stored = notice.stored_notice(db(), actor().tenant_id, stop_id)
    return download(stored.content, stored.media_type, f"{number}.pdf", inline=True)


@bp.post("/<uuid:customer_id>/overrides")
@staff(Permission.MANAGE_CREDIT)
@command_form(GrantOverride, page=account_page, slot="override", fields={"override_day": "until_on"}, read=_of_customer)
def override(data: GrantOverride, customer_id: UUID) -> Page:
    """Lets the customer pass one check for a time."""
    commands.grant_override(db(), actor(), data)
    return done(_("The check is overridden until that day."), PAGE, customer_id=customer_id)


@bp.post("/<uuid:customer_id>/overrides/<uuid:override_id>/end")
@staff(Permission.MANAGE_CREDIT)
def end_override(customer_id: UUID, override_id: UUID) -> Page:
    """Ends an override."""
    try:
        commands.end_override(db(), actor(), override_id)
    except Conflict as error:
        return refused(error, url_for(PAGE, customer_id=customer_id))
    return done(_("The override has ended."), PAGE, customer_id=customer_id)
