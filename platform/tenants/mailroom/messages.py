"""Texts of the error codes of mails in doubt."""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark

MESSAGES: Final[dict[str, str]] = {
    "mail_not_found": mark("There is no such e-mail in this company."),
    "mail_not_in_doubt": mark("Somebody has settled this e-mail already."),
    "mail_not_sent_again": mark("This e-mail cannot be sent again. Say that it did not arrive."),
    "work_not_given_up": mark("No work of this number was given up in this company."),
    "mail_link_not_made": mark(
        "This installation has no SECRET_KEY, so no link can be made. Say that it did not arrive."
    ),
}
