"""Defines the approval of an order over limit or term (Annex 2): who decides follows from the excess (A18)."""

from __future__ import annotations

from typing import Any, Final

from ar.credit.checks.reasons import reason_sentences, reasons_of
from ar.credit.checks.requests.commands import KIND, keep_held, let_pass
from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.approvals.kinds import Approved, ChainStep, Kind
from web.formatters import days, percent_bps
from web.links import page_url


def _url(approved: Approved) -> str:
    return page_url("over_limit.show", request_id=approved.subject_id)


def _facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    def amount(name: str, currency: str = "currency") -> str:
        minor, code = facts.get(name), facts.get(currency)
        return "—" if minor is None or not code else format_with_symbol(int(minor), str(code), current_language())

    return [
        (_("Request"), str(facts.get("number", ""))),
        (_("Order"), str(facts.get("order_no", ""))),
        (_("This order"), amount("order_minor", "order_currency")),
        (_("Term of the order"), days(facts.get("term_days"))),
        (_("Why it is held"), " ".join(reason_sentences(reasons_of(facts.get("reasons", []))))),
        (_("Grade"), str(facts.get("grade") or "—")),
        (_("Credit limit"), _("Unlimited") if facts.get("limit_unlimited") else amount("limit_minor")),
        (_("Temporary limit"), amount("temporary_minor")),
        (_("Open receivables"), amount("receivables_minor")),
        (_("Past due"), amount("past_due_minor")),
        (_("Days past due"), days(facts.get("excess_days"))),
        (_("Excess"), amount("excess_minor", "excess_currency")),
        (_("Excess of the limit"), percent_bps(facts.get("excess_bps"))),
        (_("Payment expected"), str(facts.get("payment_expected_on") or "—")),
        (_("Security"), str(facts.get("guarantee") or "—")),
        (_("Valid through"), str(facts.get("valid_until_on", ""))),
    ]


APPROVALS: Final[tuple[Kind, ...]] = (
    Kind(
        code=KIND,
        name=mark("Ship over the credit limit"),
        chain=(ChainStep("sales_manager"), ChainStep("finance_director"), ChainStep("general_manager")),
        approve=let_pass,
        reject=keep_held,
        url=_url,
        facts=_facts,
        chosen_steps=True,
    ),
)
