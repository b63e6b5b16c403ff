"""Texts of the error codes of statements and answers, and names of their states."""

from __future__ import annotations

from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "statement_not_found": mark("There is no such statement."),
    "statement_customer_unknown": mark("There is no customer with the number %(number)s."),
    "statement_period_bad": mark("“%(period)s” is not a month. Enter it as 2026-03."),
    "statement_period_future": mark("The month %(period)s has not begun yet."),
    "statement_nothing_to_state": mark(
        "Nothing moved and nothing is open in that period, so there is nothing to state."
    ),
    "statement_does_not_tie": mark(
        "The open items and the ledger balance disagree; run huikuan doctor before stating it."
    ),
    "statement_superseded": mark("It has been superseded by a newer statement."),
    "statement_no_contact": mark("This customer has no contact with a working e-mail."),
    "statement_answered_already": mark("Statement %(number)s of this period has been answered already."),
    "statement_answered": mark("This statement has been answered already."),
    "statement_mail_not_found": mark("That mail was not found."),
    "statement_mail_settled": mark("Nothing is in doubt here any more."),
    "statement_codes_exhausted": mark("Too many codes have been requested today. Ask your contact at the sender."),
    "statement_code_needed": mark("The code has expired. Request a new one."),
    "statement_link_closed": mark("This link cannot be opened."),
}

STATUS_NAMES: dict[str, str] = {
    "not_sent": mark("Not sent"),
    "sent": mark("Sent"),
    "overdue": mark("Answer overdue"),
    "agrees": mark("Agrees"),
    "differs": mark("Differs"),
    "superseded": mark("Superseded"),
}
STATUS_TONES: dict[str, str] = {
    "not_sent": "warn",
    "sent": "quiet",
    "overdue": "late",
    "agrees": "ok",
    "differs": "late",
    "superseded": "quiet",
}
MAIL_STATES: dict[str, str] = {
    "queued": mark("Waiting to be sent"),
    "sending": mark("Being sent"),
    "sent": mark("Accepted by the mail server"),
    "suppressed": mark("Stopped"),
    "failed": mark("Bounced"),
    "unknown": mark("In doubt: needs a person's decision"),
}
#: Reasons of a mail's state that was recorded by a person or by sending again.
DELIVERY_REASONS: dict[str, str] = {
    "judged_arrived": mark("recorded by a person as delivered"),
    "judged_lost": mark("recorded by a person as not delivered"),
    "replaced": mark("unsure whether it arrived; sent again since"),
}
DELIVERY_NAMES: dict[str, str] = {
    "statement": mark("Statement with link"),
    "statement_code": mark("One-time code"),
    "statement_copy": mark("Copy of the answer"),
    "statement_answered": mark("Notice to the team"),
}
