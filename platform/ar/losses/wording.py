"""What the pages of losses say: rates, buckets, refusals at their fields. May import Flask's forms and the texts.

Invariant: what was typed comes back as typed; a refusal without a sentence here is raised again.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from ar.ledger.messages import KIND_NAMES
from ar.ledger.messages import MESSAGES as LEDGER
from ar.losses.messages import (
    CAUSE_NAMES,
    EVENT_NAMES,
    MESSAGES,
    METHOD_NAMES,
    MOVEMENT_NAMES,
    OPTION_NAMES,
    STATE_NAMES,
)
from kernel.errors import HuikuanError
from kernel.i18n import gettext as _
from kernel.i18n import ngettext
from tenants.approvals.messages import MESSAGES as APPROVALS
from web import formatters
from web.forms import Form

_SENTENCES: Final = {**LEDGER, **APPROVALS, **MESSAGES}
#: Code of a refusal → the form's field.
FIELDS: Final[dict[str, str]] = {
    "provision_in_future": "as_of",
    "provision_later_run": "as_of",
    "provision_rate_missing": "as_of",
    "provision_item_unknown": "document_no",
    "provision_item_unassessed": "loss",
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "recovery_too_much": "amount",
    "allocation_exceeds_open": "amount",
    "recovery_day": "received_on",
    "recovery_credit": "from_credit",
    "period_locked": "received_on",
    "effective_too_early": "effective_on",
    "effective_in_future": "effective_on",
    "event_in_future": "happened_on",
    "promise_day_needed": "promised_on",
    "promise_currency_needed": "promised_currency",
    "bad_debt_no_evidence": "files",
    "bad_debt_many_files": "files",
    "bad_debt_file_kind": "files",
    "bad_debt_file_size": "files",
}


def put_error(form: Form[Any], error: HuikuanError, **fields: str) -> None:
    """The command's refusal at its field; `fields` say otherwise for this form. Raises what has no sentence."""
    form.errors[(FIELDS | fields).get(error.code, "")] = sentence(error)


def sentence(error: HuikuanError) -> str:
    """The refusal in words, with what is open where the refusal knows it."""
    text = _SENTENCES.get(error.code)
    if text is None:
        raise error
    said = _(text, **error.params) if error.params else _(text)
    if "open_minor" in error.params and error.params.get("currency"):
        most = formatters.amount(int(str(error.params["open_minor"])), str(error.params["currency"]))
        said = _("%(sentence)s At most %(amount)s.", sentence=said, amount=most)
    return said


def percent(ppm: int | None) -> str:
    """Millionths as per cent, with the decimals it needs: 28,800 → "2.88 %"; None: n/a."""
    if ppm is None:
        return _("n/a")
    number = format(Decimal(ppm).scaleb(-4).normalize(), "f")
    return f"{number} %"


def factor(bps: int) -> str:
    """A factor of basis points as a plain number: 12,000 → "1.2"."""
    return format(Decimal(bps).scaleb(-4).normalize(), "f")


def bucket(from_days: int | None, through_days: int | None) -> str:
    """A bucket in words."""
    if from_days is None:
        return _("Not due")
    if through_days is None:
        return _("%(days)s days late and more", days=from_days)
    return _("%(first)s to %(last)s days late", first=from_days, last=through_days)


def band(months: int | None) -> str:
    """A band of lateness in words."""
    if months is None:
        return _("Later")
    if months == 0:
        return _("Not late")
    return ngettext("up to %(num)s month late", "up to %(num)s months late", months)


WORDS: Final[dict[str, Any]] = {
    "percent": percent,
    "factor_text": factor,
    "bucket_text": bucket,
    "band_text": band,
    "methods": METHOD_NAMES,
    "movements": MOVEMENT_NAMES,
    "causes": CAUSE_NAMES,
    "options": OPTION_NAMES,
    "states": STATE_NAMES,
    "event_names": EVENT_NAMES,
    "kinds": KIND_NAMES,
}


def tabs(current: str, urls: dict[str, str]) -> list[dict[str, Any]]:
    """The pages of losses beside each other."""
    names = {
        "provisions": _("Provision"),
        "bad_debts": _("Bad debts"),
        "tracking": _("Written off and pursued"),
        "expected": _("Expected cash"),
    }
    return [{"label": names[name], "url": url, "current": name == current} for name, url in urls.items()]
