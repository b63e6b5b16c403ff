"""Cleaning of texts from outside: single lines without invisible characters, mail addresses, keys of look-alikes.

Invariant: what passed `one_line` has no control or invisible character, no line break and no double blank, so "is it
empty" is asked of the text that will be stored, and no text can break out of a mail header.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator

from kernel.i18n import mark

MAX_ADDRESS_CHARS: Final = 254
MAX_FILE_NAME_CHARS: Final = 200

# Letters and signs by their category, and yet nothing is seen: fillers, joiners, the blank braille pattern.
_BLANK: Final = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0]")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs"})
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+(?:[A-Za-z]{{2,63}}|[Xx][Nn]--[A-Za-z0-9-]{{1,57}}[A-Za-z0-9])")


class BadAddress(ValueError):
    """An invalid mail address. `code`: `bad_email`, or `email_not_ascii` for the part before the @."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def one_line(text: str) -> str:
    """Returns the text on one line: white space becomes single blanks, control and invisible characters are removed."""
    if text.isprintable() and "  " not in text and (text.isascii() or not _BLANK.search(text)):
        return text.strip(" ")
    return " ".join("".join(map(_seen, text)).split())


def file_name(text: str) -> str:
    """Returns the name of a file as it may be shown and sent: one line, without folders, at most 200 characters.

    The end with its suffix is what stays of a longer one. Empty when nothing is left.
    """
    return one_line(re.split(r"[/\\]", text)[-1])[-MAX_FILE_NAME_CHARS:].strip()


def _seen(character: str) -> str:
    """Returns the character, a blank for white space, an empty text for an invisible character."""
    if character.isspace():
        return " "
    # The last two code points of each plane, and a few in Arabic's forms, are no characters at all.
    nothing = ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef"
    return "" if nothing or unicodedata.category(character) in _UNSEEN or _BLANK.match(character) else character


def lookalike_key(text: str) -> str:
    """Returns a key equal for spellings of a number that differ only in width, case or blanks."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join(plain.casefold().split())


def mail_address(text: str) -> str:
    """Returns the address as every mail program accepts it: ASCII before the @, the domain in its `xn--` form.

    Raises BadAddress with a sentence (a msgid).
    """
    local, at, domain = one_line(text).rpartition("@")
    if not local.isascii():
        raise BadAddress(
            "email_not_ascii",
            mark("Before the @ only Latin letters, digits and signs can be used; mail servers refuse others."),
        )
    plain = domain.lower() if domain.isascii() else _encoded(domain)
    whole = f"{local}@{plain}"
    if not (at and len(local) <= 64 and len(whole) <= MAX_ADDRESS_CHARS and _LOCAL.fullmatch(local)) or not (
        _DOMAIN.fullmatch(plain)
    ):
        raise BadAddress("bad_email", mark("Enter an e-mail address such as name@example.com."))
    return whole


def _encoded(domain: str) -> str:
    """Returns `例子.cn` as `xn--fsqu00a.cn`; empty when it has no such form or would become another name (ß → ss)."""
    plain = unicodedata.normalize("NFKC", domain).lower()
    try:
        encoded = plain.encode("idna").decode("ascii")
        return encoded if encoded.encode("ascii").decode("idna") == plain else ""
    except UnicodeError:
        return ""


def _line(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


def _address(value: str) -> str:
    return mail_address(value) if value else ""


#: A one-line text of an input model. Bounds stand before it: `Field(max_length=…)` counts what is left.
OneLine = Annotated[str, BeforeValidator(_line)]
#: A mail address or nothing.
MailAddress = Annotated[str, BeforeValidator(_line), AfterValidator(_address)]
