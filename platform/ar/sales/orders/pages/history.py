"""Shows what the checks answered to an order as entries of a time line.

Invariant: every answer stands there with the reasons that held the order then.
"""

from __future__ import annotations

from ar.credit.lookups import reason_sentences, reasons_of
from ar.sales.orders.messages import CHECKPOINT_NAMES
from ar.sales.orders.pages.views import PastDecision
from kernel.i18n import gettext as _
from web import formatters


def history_entry(past: PastDecision) -> dict[str, str]:
    """Returns one answer of the checks as an entry of a time line."""
    passed, stopped = _("passed"), _("was held")
    held = [each for each in past.reasons if "waived_by" not in each]
    return {
        "at": formatters.datetime(past.decided_at),
        "iso": past.decided_at.isoformat(),
        "title": f"{_(CHECKPOINT_NAMES[past.checkpoint])}: {passed if past.decision == 'pass' else stopped}",
        "text": past.decided_by,
        "why": " ".join(reason_sentences(reasons_of(held))),
        "tone": "ok" if past.decision == "pass" else "late",
    }
