"""Journal events of statements and answers: names and texts."""

from __future__ import annotations

from typing import Final

from kernel.i18n import current_language, mark
from kernel.money import format_with_symbol
from tenants.slice import Event, FactMaker

EVENTS: Final[dict[str, Event]] = {
    "statement_issued": Event(mark("Statement issued"), mark("%(number)s for %(closing)s")),
    "statement_queued": Event(mark("Statement queued"), mark("%(number)s to %(to)s"), row_of_its_own=True),
    "statement_sent": Event(mark("Statement sent"), "%(to)s", row_of_its_own=True),
    "statement_bounced": Event(mark("Statement bounced"), "%(to)s: %(reason)s", tone="late", row_of_its_own=True),
    "statement_mail_arrived": Event(mark("E-mail recorded as delivered"), "%(to)s"),
    "statement_mail_lost": Event(mark("E-mail recorded as not delivered"), "%(to)s"),
    "statements_wait": Event(
        mark("Statements of the month wait"), mark("%(period)s: %(statements)s statements to issue")
    ),
    "statement_code_sent": Event(mark("Code sent to the signer"), "%(to)s"),
    "statement_code_entered": Event(mark("Code entered by the signer")),
    "statement_superseded": Event(mark("Statement superseded")),
    "statement_confirmed": Event(
        mark("Statement confirmed"), mark("%(number)s by %(signer)s, reference %(reference)s"), tone="ok"
    ),
    "statement_disputed": Event(
        mark("Statement disputed"), mark("%(number)s by %(signer)s, reference %(reference)s"), tone="late"
    ),
}
FACT_MAKERS: Final[dict[str, FactMaker]] = {
    "closing": lambda facts: format_with_symbol(
        int(facts["closing_minor"]), str(facts["currency"]), current_language()
    ),
}
