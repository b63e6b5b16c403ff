"""Formats rates, terms and unrounded amounts in the current language.

Invariant: figures are exact: no rounding of a rate, no trailing zeros.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ar.interest.messages import REASON_NAMES, SERIES_NAMES, TERMS_NAMES
from ar.interest.rules.accrual import DAY, AccrualTerms, Rate
from ar.interest.rules.presets import statutes
from kernel.i18n import gettext as _
from kernel.money import exponent


def percent(value: Decimal) -> str:
    """Formats a percentage: "3.9%", "0.05%", "11.75%"."""
    text = format(value, "f")
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def rate_text(rate: Rate, part: str = "interest") -> str:
    """Returns the rate as applied: per cent a year with its day basis, or per cent a day."""
    if part == "fixed":
        return _("fixed sum")
    if rate.per == DAY:
        return _("%(percent)s a day", percent=percent(rate.percent))
    return _("%(percent)s a year ÷ %(basis)s", percent=percent(rate.percent), basis=rate.basis)


def source_text(rate: Rate) -> str:
    """Returns the source of the rate, and that it is only the last known one where it is."""
    if rate.series is None or rate.reference_on is None or rate.reference_percent is None:
        return _(TERMS_NAMES[rate.kind])
    text = _(
        "%(series)s %(percent)s since %(day)s",
        series=_(SERIES_NAMES[rate.series]),
        percent=percent(rate.reference_percent),
        day=rate.reference_on.isoformat(),
    )
    if rate.factor is not None:
        text += f" × {rate.factor.normalize():f}"
    if rate.margin_percent is not None:
        text += f" + {percent(rate.margin_percent)}"
    if rate.round_up_to is not None:
        text = _("%(text)s, rounded up to the next %(step)s", text=text, step=percent(rate.round_up_to))
    return _("%(text)s; the last one known", text=text) if rate.after_last_known else text


def terms_text(terms: AccrualTerms) -> str:
    """Returns terms in one line: "LPR × 1.3, ÷ 365, 5 days of grace"."""
    parts = [_(TERMS_NAMES[terms.kind])]
    if terms.annual_percent is not None:
        parts.append(_("%(percent)s a year", percent=percent(terms.annual_percent)))
    if terms.daily_percent is not None:
        parts.append(_("%(percent)s a day", percent=percent(terms.daily_percent)))
    if terms.factor is not None:
        parts.append(f"× {terms.factor.normalize():f}")
    law = statutes().get(terms.kind)
    margin = terms.margin_percent if law is None or law.margin is None else law.margin
    if margin is not None:
        parts.append(f"+ {percent(margin)}")
    if law or terms.kind == "lpr" or terms.annual_percent is not None:
        parts.append(f"÷ {terms.basis}")
    if terms.grace_days:
        parts.append(_("days of grace: %(days)s", days=terms.grace_days))
    if terms.fixed_sum:
        parts.append(_("with the fixed sum"))
    return " · ".join(parts)


def reason_text(reason: str, missing_on: date | None) -> str:
    """Returns why a late document is not charged."""
    text = REASON_NAMES[reason]
    return _(text, day=missing_on.isoformat()) if missing_on else _(text)


def exact_text(exact_minor: Decimal, currency: str) -> str:
    """Returns the amount before rounding, with four decimals more than the currency has."""
    decimals = exponent(currency)
    value = exact_minor.scaleb(-decimals).quantize(Decimal(1).scaleb(-decimals - 4), ROUND_HALF_UP)
    return f"{value:,f}"
