"""Sentences of a limit that cannot be granted, and the journal event of one that was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.slice import Event, FactMaker

MESSAGES: Final[dict[str, str]] = {
    "limit_over": mark("This limit would end on %(valid_to)s, before it begins. Choose a later last day."),
    "limit_file_gaps": mark(
        "The customer file is not complete, so there is no limit above zero: %(gaps)s. Complete the file first."
    ),
    "limit_temporary_ends": mark("A temporary limit has an amount and a last day."),
}
EVENTS: Final[dict[str, Event]] = {
    "credit_limit_granted": Event(mark("Credit limit granted"), mark("%(granted_limit)s: %(reason)s"), tone="ok"),
}


def _granted_limit(facts: Mapping[str, Any]) -> str:
    minor = facts["amount_minor"]
    amount = (
        _("no limit in amount")
        if minor is None
        else format_with_symbol(int(minor), str(facts["currency"]), current_language())
    )
    return _("%(amount)s from %(from_on)s on", amount=amount, from_on=facts["valid_from"])


FACT_MAKERS: Final[dict[str, FactMaker]] = {"granted_limit": _granted_limit}
