"""Formats rates, factors, buckets and bands in the current language.

Invariant: an unknown figure is shown as “n/a”.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from ar.ledger.messages import KIND_NAMES
from ar.losses.messages import (
    CAUSE_NAMES,
    EVENT_NAMES,
    METHOD_NAMES,
    MOVEMENT_NAMES,
    OPTION_NAMES,
    STATE_NAMES,
)
from kernel.i18n import gettext as _
from kernel.i18n import ngettext


def percent(ppm: int | None) -> str:
    """Returns ppm as per cent, with the decimals it needs: 28,800 → "2.88 %"; None: n/a."""
    if ppm is None:
        return _("n/a")
    number = format(Decimal(ppm).scaleb(-4).normalize(), "f")
    return f"{number} %"


def factor(bps: int) -> str:
    """Returns a factor in basis points as a plain number: 12,000 → "1.2"."""
    return format(Decimal(bps).scaleb(-4).normalize(), "f")


def bucket(from_days: int | None, through_days: int | None) -> str:
    """Returns a bucket in words."""
    if from_days is None:
        return _("Not due")
    if through_days is None:
        return _("%(days)s days late and more", days=from_days)
    return _("%(first)s to %(last)s days late", first=from_days, last=through_days)


def band(months: int | None) -> str:
    """Returns a band of lateness in words."""
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
