"""Defines the approvals of quotations and contracts.

Invariants: prices are checked by the cost accountant and signed by the finance director (R094); every contract and
supplement is signed by the sales manager (R093), a customer's own form by the finance director before (R096). Who
reviews one reads what credit was granted (R078), and what the contract does not say of late payment (R092).
"""

from __future__ import annotations

from typing import Any

from ar.sales.contracts import quotations, reviewing
from ar.sales.contracts.creditworthiness import credit_text, term_text
from ar.sales.contracts.messages import CHECKLIST_NAMES, FORM_NAMES
from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.approvals.kinds import Approved, ChainStep, Kind
from web.links import page_url

#: How many prices of a quotation the page of its approval names; the others stand on the quotation's own page.
PRICES_SHOWN = 10


def _quotation_url(approved: Approved) -> str:
    return page_url("quotations.show", quotation_id=approved.subject_id)


def _contract_url(approved: Approved) -> str:
    return page_url("contracts.show", contract_id=approved.subject_id)


def _quotation_facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    lines = facts.get("lines", [])
    prices = "; ".join(f"{each['product']} {each['unit_price']}" for each in lines[:PRICES_SHOWN])
    return [
        (_("Quotation"), str(facts.get("number", ""))),
        (_("Currency"), str(facts.get("currency", ""))),
        (_("Prices with tax"), prices + (" …" if len(lines) > PRICES_SHOWN else "")),
    ]


def _contract_facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    form, minor, granted = str(facts.get("form", "")), facts.get("amount_minor"), facts.get("granted")
    amount = "—" if minor is None else format_with_symbol(minor, str(facts["currency"]), current_language())
    shown = [
        (_("Contract"), f"{facts.get('number', '')} {facts.get('title', '')}".strip()),
        (_("Form"), _(FORM_NAMES[form]) if form in FORM_NAMES else form),
        (_("Amount"), amount),
        (_("Credit term"), term_text(facts.get("term_days"), granted)),
        (_("In force"), f"{facts.get('starts_on') or ''} – {facts.get('ends_on') or ''}"),
    ]
    if "granted" in facts:
        shown.append((_("Credit granted"), credit_text(granted)))
    if facts.get("not_said"):
        shown.append(
            (_("The contract does not say"), "; ".join(_(CHECKLIST_NAMES[item]) for item in facts["not_said"]))
        )
    return shown


APPROVALS: tuple[Kind, ...] = (
    Kind(
        code=quotations.KIND,
        name=mark("Approve a quotation"),
        chain=(ChainStep("cost_accountant"), ChainStep("finance_director")),
        approve=quotations.approve_quotation,
        reject=quotations.refuse_quotation,
        url=_quotation_url,
        facts=_quotation_facts,
    ),
    Kind(
        code=reviewing.KIND,
        name=mark("Review a contract"),
        chain=(ChainStep("sales_manager"),),
        approve=reviewing.review_contract,
        reject=reviewing.return_contract,
        url=_contract_url,
        facts=_contract_facts,
    ),
    Kind(
        code=reviewing.OUTSIDE_KIND,
        name=mark("Review a customer's contract form"),
        chain=(ChainStep("finance_director"), ChainStep("sales_manager")),
        approve=reviewing.review_contract,
        reject=reviewing.return_contract,
        url=_contract_url,
        facts=_contract_facts,
    ),
)
