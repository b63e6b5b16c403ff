"""Defines the texts of the error codes and labels of the customer file."""

from __future__ import annotations

from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "customer_not_found": mark("There is no such customer."),
    "contact_not_found": mark("There is no such contact."),
    "customer_number_taken": mark("The number %(number)s belongs to another customer."),
    "owner_not_yours": mark("You can be the owner yourself. Your sales manager hands a customer to somebody else."),
    "owner_unknown": mark("%(email)s is not a member of this company."),
}

ENTITY_LABELS: dict[str, str] = {
    "company": mark("Company"),
    "sole_trader": mark("Sole trader"),
    "person": mark("Person"),
    "government": mark("Government"),
    "institution": mark("Institution"),
}
PURPOSE_LABELS: dict[str, str] = {
    "statements": mark("Statements"),
    "dunning": mark("Reminders and demands"),
    "signing": mark("Signs and confirms"),
}
#: What terms say of a last day that is a day off (`ar.ledger.rules.due_dates.Roll`).
ROLL_LABELS: dict[str, str] = {
    "statutory": mark("By law: what comes on the next working day is in time"),
    "following": mark("Agreed: due on the next working day"),
    "preceding": mark("Agreed: due on the working day before"),
    "none": mark("Agreed: the day off is the last day"),
}
LANGUAGE_LABELS: dict[str, str] = {"zh_CN": "中文", "en": "English"}
