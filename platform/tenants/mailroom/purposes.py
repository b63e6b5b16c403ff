"""Registers the product's mails by purpose, as the slices declare them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kernel.i18n import gettext as _
from tenants.slice import Mail

_PURPOSES: Final[dict[str, Mail]] = {}


def install(mails: Iterable[Mail]) -> None:
    """Registers the mails of all slices. Idempotent."""
    _PURPOSES.update({mail.purpose: mail for mail in mails})


def declared(purpose: str) -> Mail:
    """Returns how mails of a purpose are settled; one that nobody declares is judged and no more."""
    return _PURPOSES.get(purpose) or Mail(purpose, recheck=lambda _db, _actor, _mail: None)


def name_of(purpose: str) -> str:
    """Returns what mails of a purpose are called, in the current language."""
    mail = declared(purpose)
    return _(mail.name) if mail.name else purpose
