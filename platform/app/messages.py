"""Error codes to sentences, gathered from the slices.

Invariant: every code raised anywhere has a sentence here (a guard test looks).
"""

from __future__ import annotations

from typing import Final

from app.slices import SLICES
from kernel.errors import HuikuanError
from kernel.i18n import gettext as _
from kernel.i18n import mark

#: The kernel's own.
KERNEL: Final = {
    "refused_at_commit": mark("The books refused this change, so nothing was changed. Load the page again."),
    "blob_not_found": mark("That file is not here."),
    "mail_not_found": mark("That mail is not here."),
    "idempotency_key_reused": mark("This form was sent before with other values. Load the page and try again."),
}
MESSAGES: Final = KERNEL | {code: text for each in SLICES for code, text in each.messages.items()}


def message_of(error: HuikuanError) -> str:
    """Returns the sentence of an error in the current language; the code itself when nobody wrote one."""
    text = MESSAGES.get(error.code)
    if text is None:
        return error.code
    try:
        return _(text, **error.params) if error.params else _(text)
    except KeyError:
        return _(text)
