"""Words error codes as sentences, collected from the slices.

Invariant: every code raised anywhere has a sentence here (a guard test looks).
"""

from __future__ import annotations

from typing import Final

from app.slices import SLICES
from kernel.errors import HuikuanError
from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import amounts_of

#: The kernel's own.
KERNEL: Final = {
    "refused_at_commit": mark("The change conflicts with the books, so nothing was changed. Reload the page."),
    "blob_not_found": mark("That file was not found."),
    "mail_not_found": mark("That mail was not found."),
    "idempotency_key_reused": mark(
        "This form was already sent, with other values, and those were saved. Send it again if this is meant as well."
    ),
    "changed_meanwhile": mark(
        "Somebody saved this while you were editing; nothing of yours is saved yet. What they saved stands at each "
        "field where it differs. Keep or change what you typed, and save again."
    ),
    "form_key_missing": mark("This form came without its key, so nothing was done. Check it and send it again."),
}
#: In place of a sentence with amounts, for who sees goods and no money.
WITHOUT_AMOUNTS: Final = mark("The amounts in the books do not allow this. Ask finance.")
MESSAGES: Final = KERNEL | {code: text for each in SLICES for code, text in each.messages.items()}


def sentence_of(error: HuikuanError, *, money: bool = True) -> str | None:
    """Returns the sentence of an error in the current language; None when it has none.

    A parameter `x_minor` beside a `currency` also fills `%(x)s`, as an amount. `money` False, for a reader who sees
    none (ADR 0035): that amounts are the reason, and none of them.
    """
    text = MESSAGES.get(error.code)
    if text is None:
        return None
    amounts = amounts_of(error.params, current_language())
    if amounts and not money:
        return _(WITHOUT_AMOUNTS)
    params = {**amounts, **error.params}
    try:
        return _(text, **params) if params else _(text)
    except KeyError:
        return _(text)


def message_of(error: HuikuanError, *, money: bool = True) -> str:
    """Returns the sentence of an error in the current language; the code itself when it has none."""
    return sentence_of(error, money=money) or error.code
