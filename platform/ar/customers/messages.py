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
    "foreign_company": mark("Foreign company"),
}
#: Why a tax or register number cannot be taken as it is (`ar.customers.rules.identity_numbers.Doubt`).
DOUBTS: dict[str, str] = {
    "check_character": mark(
        "Its check character does not fit. Compare it with the licence; a true one can be confirmed in the customer file."
    ),
    "length": mark("It looks like a unified social credit code, which has 18 characters."),
    "identity_card": mark("It is the number of a person's identity card, not of a company or institution."),
    "vat": mark("Its check digits do not fit a VAT number of that country."),
    "lei": mark("Its check digits do not fit a legal entity identifier (LEI)."),
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
