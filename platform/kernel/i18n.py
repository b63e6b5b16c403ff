"""Texts in two languages, for pages, mails, documents and the command line alike.

One current language per context; catalogues are read from `translations/<lang>.po` by Babel, without a
compiled artefact to go stale. May import Babel and settings. Invariant: msgids are English, so a missing
translation is still a sentence (a test fails on it).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from kernel.settings import APP_ROOT

LANGUAGES = ("zh_CN", "en")
DEFAULT_LANGUAGE = "zh_CN"

_current: ContextVar[str] = ContextVar("language", default="en")


@lru_cache(maxsize=8)
def catalogue(language: str) -> NullTranslations:
    """The catalogue of `language`; English is its own msgids."""
    path = APP_ROOT / "translations" / f"{language}.po"
    if language == "en" or not path.exists():
        return NullTranslations()
    with path.open("rb") as source:
        parsed = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, parsed)
    compiled.seek(0)
    return Translations(compiled)


def current_language() -> str:
    """The language of this context: `zh_CN` or `en`."""
    return _current.get()


def normalise(language: str | None) -> str | None:
    """Our name for a language tag (`zh`, `zh-CN`, `zh_Hans_CN`, `en-GB`), or None."""
    tag = (language or "").replace("-", "_").lower()
    if tag.startswith("zh"):
        return "zh_CN"
    return "en" if tag.startswith("en") else None


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Everything inside speaks `language`; nothing carries over to what comes after."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def set_language(language: str) -> None:
    """For the edge of a request, which lives in a context of its own."""
    _current.set(language)


def gettext(message: str, /, **params: object) -> str:
    """`message` in the current language, `%(name)s` filled from `params`."""
    text = catalogue(_current.get()).gettext(message)
    return text % params if params else text


def ngettext(singular: str, plural: str, n: int, /, **params: object) -> str:
    """As gettext, by number; `%(num)s` is `n`."""
    text = catalogue(_current.get()).ngettext(singular, plural, n)
    return text % {"num": n, **params}


def mark(message: str) -> str:
    """Marks a msgid kept as data (policy names, rule texts) for extraction; gives it back unchanged."""
    return message
