"""Serves the settings of approval chains: roles by step and amount.

Invariant: the form carries the version it shows; a concurrent change is refused, never overwritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request

from kernel.errors import Conflict, NotFound, RuleBroken
from kernel.i18n import current_language
from kernel.i18n import gettext as _
from kernel.money import BadAmount, format_minor, format_with_symbol, parse_amount
from tenants.access import staff
from tenants.approvals import queries
from tenants.approvals.chains import Chain, chain_of, change_chain
from tenants.approvals.kinds import DECIDING_ROLES, STEPS_MAX, ChainStep, Kind, all_kinds, find_kind
from tenants.permissions import ROLE_NAMES, Permission, Role
from tenants.queries import tenant
from web.command_form import done
from web.context import actor, db
from web.refusals import explain
from web.responses import Page, invalid, render

bp = Blueprint("approval_chains", __name__, url_prefix="/approvals/chains")

EDIT = "tenants/approvals/chains/edit.html"


@dataclass
class Row:
    """One row of the form, as typed."""

    role: str = ""
    amount: str = ""
    error: str = ""


@bp.get("/")
@staff(Permission.MANAGE_SETTINGS)
def index() -> Page:
    """Lists every kind of approval with the chain in force."""
    chains = [(kind, chain_of(db(), actor().tenant_id, kind)) for kind in all_kinds() if not kind.chosen_steps]
    return render(
        "tenants/approvals/chains/index.html",
        chains=chains,
        held=queries.filled_roles(db(), actor()),
        role_names=ROLE_NAMES,
        currency=tenant(db(), actor().tenant_id).currency,
    )


@bp.get("/<kind>")
@staff(Permission.MANAGE_SETTINGS)
def edit(kind: str) -> Page:
    """Shows the chain of one kind, its versions, and the form."""
    found, chain = _kind(kind), chain_of(db(), actor().tenant_id, _kind(kind))
    currency = tenant(db(), actor().tenant_id).currency
    typed = [Row(step.role, format_minor(step.from_minor, currency, "en")) for step in chain.steps]
    return render(EDIT, **_page(found, chain, typed, chain.version))


@bp.post("/<kind>")
@staff(Permission.MANAGE_SETTINGS)
def save(kind: str) -> Page:
    """Saves a new version of the chain."""
    found = _kind(kind)
    version = _version(request.form.get("version", ""))
    typed, steps = _parse_rows(tenant(db(), actor().tenant_id).currency)
    fault = ""
    if not any(row.error for row in typed):
        try:
            change_chain(db(), actor(), found, steps, version)
        except (RuleBroken, Conflict) as error:
            db().rollback()
            fault = explain(error)
            if error.code == "approval_chain_moved_on":
                version = _mark_difference(typed, chain_of(db(), actor().tenant_id, found))
        else:
            text = _("The chain is saved. Open requests continue with the chain they started with.")
            return done(text, "approval_chains.index")
    chain = chain_of(db(), actor().tenant_id, found)
    return invalid(EDIT, **_page(found, chain, typed, version, fault))


def _kind(code: str) -> Kind:
    kind = find_kind(code)
    if kind is None or kind.chosen_steps:
        raise NotFound("approval_kind_not_found")
    return kind


def _version(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else -1


def _parse_rows(currency: str) -> tuple[list[Row], list[ChainStep]]:
    """Parses the rows; returns them as typed, and their steps. A row without a role is no step."""
    typed: list[Row] = []
    steps: list[ChainStep] = []
    for number in range(1, STEPS_MAX + 1):
        row = Row(request.form.get(f"role_{number}", ""), request.form.get(f"from_{number}", "").strip())
        typed.append(row)
        if not row.role:
            continue
        try:
            steps.append(ChainStep(row.role, parse_amount(row.amount, currency) if row.amount else 0))
        except BadAmount:
            row.error = _("Enter an amount such as 1,234.50.")
    return typed, steps


def _mark_difference(typed: list[Row], chain: Chain) -> int:
    """Says at each step what another person has saved there; returns the version that can now be saved over."""
    currency = tenant(db(), actor().tenant_id).currency
    saved = [(step.role, step.from_minor) for step in chain.steps]
    for number, row in enumerate(typed):
        role, from_minor = saved[number] if number < len(saved) else ("", 0)
        if (row.role, row.amount or "0") == (role, format_minor(from_minor, currency, "en")):
            continue
        if role:
            amount = format_with_symbol(from_minor, currency, current_language())
            text = _("%(role)s from %(amount)s", role=_(ROLE_NAMES[Role(role)]), amount=amount)
            row.error = _("Saved meanwhile: %(value)s", value=text)
        elif row.role:
            row.error = _("Saved meanwhile: %(value)s", value=_("No step"))
    return chain.version


def _page(kind: Kind, chain: Chain, typed: list[Row], version: int, fault: str = "") -> dict[str, Any]:
    held = queries.filled_roles(db(), actor())
    named = [(role.value, _(ROLE_NAMES[role])) for role in DECIDING_ROLES]
    roles = [(role, name if role in held else _("%(role)s (unassigned)", role=name)) for role, name in named]
    rows = (typed + [Row() for _number in range(STEPS_MAX)])[:STEPS_MAX]
    errors = [(f"from_{number}", row.error) for number, row in enumerate(rows, 1) if row.error]
    return {
        "kind": kind,
        "chain": chain,
        "rows": rows,
        "version": version,
        "errors": ([("", fault)] if fault and errors else [("role_1", fault)] if fault else []) + errors,
        "roles": [("", _("No step")), *roles],
        "versions": queries.chain_versions(db(), actor().tenant_id, kind.code),
        "role_names": ROLE_NAMES,
        "currency": tenant(db(), actor().tenant_id).currency,
    }
