"""Names and sentences of the ledger's journal events, and names of entries that open no document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ar.ledger.messages import KIND_NAMES
from kernel.i18n import current_language, mark, ngettext
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.slice import Event, FactMaker

EVENTS: Final[dict[str, Event]] = {
    "period_locked": Event(mark("Period locked"), mark("through %(through_on)s")),
    "period_unlocked": Event(mark("Period unlocked"), mark("%(approval_no)s, requested by %(asked_by)s: %(reason)s")),
    "rate_recorded": Event(mark("Exchange rate recorded"), mark("%(currency)s %(rate)s on %(rate_on)s")),
    "rates_recorded": Event(mark("Exchange rates recorded"), mark("%(count)s, from %(from_on)s to %(to_on)s")),
    "exchange_revalued": Event(mark("Exchange difference posted"), mark("as of %(as_of)s, %(amount)s")),
    "revaluation_reversed": Event(mark("Exchange difference reversed"), "%(as_of)s: %(reason)s"),
    "books_differ": Event(mark("Examination of the books: something differs"), "%(checks)s", tone="late"),
    "documents_posted": Event(mark("Documents posted"), "%(documents)s"),
    "document_reversed": Event(
        mark("Document reversed"), mark("%(document_no)s by %(reversal_no)s, %(amount)s"), tone="late"
    ),
    "documents_taken_back": Event(mark("Documents taken back with their import"), "%(documents)s", tone="late"),
    "invoice_sent": Event(mark("Invoice sent"), mark("%(document_no)s on %(on)s %(detail)s")),
    "invoice_received": Event(
        mark("Receipt of an invoice confirmed"), mark("%(document_no)s on %(on)s by %(detail)s"), "ok"
    ),
    "item_noted": Event(mark("Note on a document"), "%(document_no)s: %(note)s"),
    "documents_allocated": Event(mark("Receipts allocated"), "%(allocations)s"),
    "allocation_reversed": Event(mark("Allocation undone"), mark("%(credit_no)s from %(debit_no)s, %(amount)s")),
    "ledger_settings_changed": Event(
        mark("Limit for small differences changed"), mark("up to %(amount)s by one person")
    ),
}
#: Kind → name (msgid) of entries that open no document.
ENTRY_NAMES: Final[dict[str, str]] = {"revaluation": mark("Exchange revaluation")}


def _documents(facts: Mapping[str, Any]) -> str:
    if "document_no" in facts:
        return f"{_kind(facts)} {facts['document_no']}, {_money(facts)}"
    return "; ".join(f"{_kind(each)} ({each['count']}), {_money(each)}" for each in facts["totals"])


def _allocations(facts: Mapping[str, Any]) -> str:
    if "debit_no" in facts:
        return f"{facts['credit_no']} → {facts['debit_no']}, {_money(facts)}"
    sums = "; ".join(_money(each) for each in facts["totals"])
    return ngettext("%(num)s allocation, %(sums)s", "%(num)s allocations, %(sums)s", int(facts["count"]), sums=sums)


def _kind(facts: Mapping[str, Any]) -> str:
    kind = str(facts["kind"])
    return _(KIND_NAMES[kind]) if kind in KIND_NAMES else kind


def _money(facts: Mapping[str, Any]) -> str:
    return format_with_symbol(int(facts["amount_minor"]), str(facts["currency"]), current_language())


FACT_MAKERS: Final[dict[str, FactMaker]] = {"documents": _documents, "allocations": _allocations}
