"""Formats money, dates, numbers and sizes for pages, in the language of the context; nothing else does.

Invariant: input is typed (minor units, date, aware datetime, days, bps), output is text or markup; nothing here
rounds an amount. Dates are always ISO.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache, wraps
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from kernel import money
from kernel.i18n import current_language, ngettext
from kernel.i18n import gettext as _
from web.dom import dom_id

NOTHING = "—"
#: Counts that every page shows stop here: what waits is counted on its own page.
COUNTED_MAX = 100
MINUS = money.MINUS
_ISO_DATE = re.compile(r"(\d{4}-\d\d-\d\d)")
LANGUAGE_NAMES = {"zh_CN": "中文", "en": "English"}

_zone: ContextVar[str] = ContextVar("page_zone", default="Asia/Shanghai")


@contextmanager
def use_zone(timezone: str) -> Iterator[None]:
    """Sets the time zone (IANA name) of moments for the block."""
    token = _zone.set(timezone)
    try:
        yield
    finally:
        _zone.reset(token)


def set_zone(timezone: str) -> None:
    """Sets the time zone of this context, for a request, which has a context of its own."""
    _zone.set(timezone)


def amount(minor: int | None, currency: str) -> str:
    """ "1,234.50"; a dash when there is none. `minor` in minor units."""
    return NOTHING if minor is None else money.format_minor(minor, currency, current_language())


def currency_amount(minor: int | None, currency: str) -> str:
    """Formats an amount with its currency's sign, for sentences and rows of mixed currencies."""
    return NOTHING if minor is None else money.format_with_symbol(minor, currency, current_language())


def figure(minor: int | None, currency: str) -> Markup:
    """Formats a large figure: sign and decimals small, whole units large."""
    if minor is None:
        return Markup("<span>{}</span>").format(NOTHING)
    language = current_language()
    whole, fraction = money.split_figure(abs(minor), currency, language)
    sign = MINUS if minor < 0 else ""
    return Markup('{}<span class="sign">{}</span> <span class="nowrap">{}<small>{}</small></span>').format(
        sign, money.symbol(currency, language), whole, fraction
    )


def number(value: int | None) -> str:
    """Formats a count, grouped by thousands."""
    return NOTHING if value is None else f"{value:,}".replace("-", MINUS)


def counted(value: int | None) -> str:
    """Formats a count that was taken up to COUNTED_MAX, or a sum of such: "99+" from there on."""
    return number(value) if value is None or value < COUNTED_MAX else f"{COUNTED_MAX - 1}+"


def date(value: dt.date | None) -> str:
    """Formats a date as ISO in both languages; a moment as its date in the page's time zone."""
    return NOTHING if value is None else _day(value).isoformat()


def short_date(value: dt.date | None) -> str:
    """Formats month and day ("11-20"), where the year is clear from the page."""
    return NOTHING if value is None else _day(value).strftime("%m-%d")


def datetime(value: dt.datetime | None, timezone: str | None = None) -> str:
    """Formats a moment to the minute in `timezone` or the page's. Raises ValueError for a naive moment."""
    return NOTHING if value is None else _local(value, timezone).strftime("%Y-%m-%d %H:%M")


def short_datetime(value: dt.datetime | None, timezone: str | None = None) -> str:
    """Formats month, day, hour and minute ("11-20 09:12"), for timelines."""
    return NOTHING if value is None else _local(value, timezone).strftime("%m-%d %H:%M")


def days(value: int | None) -> str:
    """ "3 days", "1 day", "−7 days"; days count from the due date."""
    if value is None:
        return NOTHING
    return ngettext("%(count)s day", "%(count)s days", abs(value), count=number(value))


def percent(value: Decimal | None) -> str:
    """Formats per cent with the decimals the value has: 29.39 → "29.39%"; None as nothing."""
    return NOTHING if value is None else f"{value:,}%".replace("-", MINUS)


def percent_bps(value: int | None) -> str:
    """Formats basis points as per cent, one decimal, half away from zero: 2500 → "25.0%", −5 → "−0.1%"."""
    if value is None:
        return NOTHING
    tenths = (abs(value) + 5) // 10
    sign = MINUS if value < 0 and tenths else ""
    return f"{sign}{tenths // 10:,}.{tenths % 10}%"


def filesize(size_bytes: int) -> str:
    """Formats a size in bytes, kB or MB of 1,000, one decimal below ten."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    unit, step = ("kB", 1000) if size_bytes < 1_000_000 else ("MB", 1_000_000)
    tenths = (size_bytes * 10 + step // 2) // step
    if tenths < 100:
        return f"{tenths // 10}.{tenths % 10} {unit}"
    return f"{(size_bytes + step // 2) // step:,} {unit}"


def hash_short(digest: str) -> str:
    """Formats the first and last four digits of a hexadecimal digest: "7c1e…a94f"."""
    return digest if len(digest) <= 9 else f"{digest[:4]}…{digest[-4:]}"


def language_name(code: str) -> str:
    """Returns a language's own name; an unknown code unchanged."""
    return LANGUAGE_NAMES.get(code, code)


def html_lang() -> str:
    """Returns the context's language for the `lang` attribute."""
    return current_language().replace("_", "-")


@lru_cache(maxsize=4096, typed=True)  # the steps of one day give the same few reasons; markup is not its text
def whole_dates(text: str) -> Markup:
    """Returns a sentence as markup whose ISO dates are not broken at the end of a line."""
    return Markup("").join(  # it escapes what is no markup
        Markup('<span class="nowrap">{}</span>').format(part) if place % 2 else part
        for place, part in enumerate(_ISO_DATE.split(text))
    )


def yes_no(value: bool) -> str:
    """Returns "Yes" or "No"."""
    return _("Yes") if value else _("No")


def _local(value: dt.datetime, timezone: str | None) -> dt.datetime:
    if value.tzinfo is None:
        raise ValueError("a moment on a page must be aware")
    return value.astimezone(ZoneInfo(timezone or _zone.get()))


def _day(value: dt.date) -> dt.date:
    return _local(value, None).date() if isinstance(value, dt.datetime) else value


FILTERS = (
    *(amount, currency_amount, figure, counted, number, date, short_date, datetime, short_datetime),
    *(days, percent, percent_bps, filesize, hash_short, language_name, whole_dates, yes_no),
)


def _at_render(function: Callable[..., str]) -> Callable[..., str]:
    """Keeps Jinja from computing `5|days` while compiling, in the language of the first request."""

    @pass_context
    @wraps(function)
    def filter_at_render(_context: Context, *args: Any, **kwargs: Any) -> str:
        return function(*args, **kwargs)

    return filter_at_render


def install(env: Environment) -> None:
    """Gives templates every formatter as a filter, and `dom_id` and `html_lang` as functions."""
    env.filters.update({function.__name__: _at_render(function) for function in FILTERS})
    env.globals.update(dom_id=dom_id, html_lang=html_lang)
