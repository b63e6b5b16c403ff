"""Words journal events: the name of a kind, its facts as a sentence, its tone.

Each slice brings its events (`events.py`); `app.registry` installs them here when the process starts. Invariant: an
unknown kind is shown as its code; a sentence is left out where facts for it are missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ar.cases.lookups import reason_text
from kernel.i18n import current_language
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.slice import Event, FactMaker

_events: Final[dict[str, Event]] = {}
_fact_makers: Final[dict[str, FactMaker]] = {}
_mail_names: Final[dict[str, str]] = {}


def install(events: Mapping[str, Event], fact_makers: Mapping[str, FactMaker], mail_names: Mapping[str, str]) -> None:
    """Registers event kinds, functions that word parts of their sentences, and names of mails. Idempotent."""
    _replace(_events, events)
    _replace(_fact_makers, {**_COMMON_FACTS, **fact_makers})
    _replace(_mail_names, mail_names)


def event_kinds() -> Mapping[str, Event]:
    """Returns event kind → its name, sentence and tone, for all slices."""
    return _events


def mail_names() -> Mapping[str, str]:
    """Returns purpose → name (msgid) of the mails that a customer's timeline shows."""
    return _mail_names


def event_name(kind: str) -> str:
    """Returns the kind of event in words; an unknown kind as its code."""
    return _(_events[kind].name) if kind in _events else kind


def event_tone(kind: str, default: str = "") -> str:
    """Returns how the event is marked: "ok", "late", or the default."""
    return (_events[kind].tone if kind in _events else "") or default


def event_text(kind: str, data: Mapping[str, Any]) -> str:
    """Returns the event's facts as a sentence, or "" where facts are missing."""
    template = _events[kind].sentence if kind in _events else ""
    if not template:
        return ""
    try:
        return (_(template) % _Facts(data)).rstrip(" :")
    except KeyError:
        return ""


class _Facts(dict[str, Any]):
    """The facts of an event, with parts worded from them on demand."""

    def __missing__(self, name: str) -> str:
        return _fact_makers[name](self)

    def __getitem__(self, name: str) -> Any:
        found = super().__getitem__(name)
        return reason_text(found) if name == "reason" else found


def _amount(facts: Mapping[str, Any]) -> str:
    return format_with_symbol(int(facts["amount_minor"]), str(facts["currency"]), current_language())


_COMMON_FACTS: Final[Mapping[str, FactMaker]] = {"amount": _amount, "reason": lambda _facts: ""}


def _replace(registered: dict[str, Any], values: Mapping[str, Any]) -> None:
    registered.clear()
    registered.update(values)
