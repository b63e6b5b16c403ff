"""Texts in two languages, for pages, mails, documents and the command line alike.

One current language per context; catalogues are read from `translations/<lang>.po` by Babel, without a
compiled artefact to go stale. Invariant: msgids are English, so a missing
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
    """Loads the catalogue of `language`; English needs none, its texts are the msgids."""
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
    """Returns the language of this context: `zh_CN` or `en`."""
    return _current.get()


def language_of_tag(language: str | None) -> str | None:
    """Returns `zh_CN` or `en` for a language tag (`zh`, `zh-Hans-CN`, `en-GB`); None for any other language."""
    tag = (language or "").replace("-", "_").lower()
    if tag.startswith("zh"):
        return "zh_CN"
    return "en" if tag.startswith("en") else None


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Sets the language for the block and restores the previous one after it."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def set_language(language: str) -> None:
    """Sets the language of this context, for a request, which has a context of its own."""
    _current.set(language)


@lru_cache(maxsize=8192)
def _translated(language: str, message: str) -> str:
    """Returns the translation; kept, since Python's own look-up asks every fallback: a page has a thousand texts."""
    return catalogue(language).gettext(message)


def gettext(message: str, /, **params: object) -> str:
    """Translates `message` into the current language and fills `%(name)s` from `params`."""
    text = _translated(_current.get(), message)
    return text % params if params else text


def ngettext(singular: str, plural: str, n: int, /, **params: object) -> str:
    """Translates as gettext, in the plural form of `n`; `%(num)s` is `n`."""
    text = catalogue(_current.get()).ngettext(singular, plural, n)
    return text % {"num": n, **params}


def mark(message: str) -> str:
    """Marks a msgid kept as data (policy names, rule texts) for extraction; returns it unchanged."""
    return message
