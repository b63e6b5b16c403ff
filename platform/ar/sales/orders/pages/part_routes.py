"""Parts of the form of an order, swapped while it is filled in: customers found, contracts of the one chosen.

Invariant: parse, authorise, one query, render. Uses the blueprint of `routes`.
"""

from __future__ import annotations

from flask import request

from ar.customers.lookups import find_numbers
from ar.sales.orders.pages import queries
from ar.sales.orders.pages.routes import bp
from tenants.access import staff
from tenants.permissions import Permission
from web.context import actor, db
from web.forms import blank
from web.responses import Page, part


@bp.get("/customers")
@staff(Permission.READ)
def suggest() -> Page:
    """Suggests customers for the text being typed."""
    text = request.args.get("customer_no", "").replace("\x00", "")[:200]
    found = queries.suggested_customers(db(), actor().tenant_id, text)
    return part("ar/ledger/documents/_customers.html", found=found)


@bp.get("/contracts")
@staff(Permission.EDIT_ORDERS)
def contracts() -> Page:
    """Offers the contracts of the customer that was typed."""
    number = request.args.get("customer_no", "").replace("\x00", "").strip()
    known = find_numbers(db(), actor().tenant_id, [number]).get(number)
    found = queries.contract_choices(db(), actor().tenant_id, known.id) if known else []
    return part("ar/sales/orders/pages/_new_contract.html", contracts=found, form=blank())
