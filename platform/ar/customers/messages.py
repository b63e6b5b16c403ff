"""Defines the texts of the error codes and labels of the customer file."""

from __future__ import annotations

from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "customer_not_found": mark("There is no such customer."),
    "contact_not_found": mark("There is no such contact."),
    "customer_number_taken": mark("The number %(number)s belongs to another customer."),
    "owner_not_yours": mark("You can be the owner yourself. Your sales manager hands a customer to somebody else."),
    "owner_unknown": mark("%(email)s is not a member of this company."),
    "hand_over_nobody_ticked": mark("Tick the customers to hand over, or all that match."),
    "hand_over_later": mark("Choose today or an earlier day: a hand-over takes effect at once."),
    "group_head_unknown": mark("There is no customer with the number %(number)s."),
    "group_own_head": mark("A customer cannot be the head of its own group. Leave it empty instead."),
    "group_kind_needed": mark("Say whether the head is the parent, or pays the debts."),
    "group_head_has_head": mark(
        "%(number)s belongs to a group itself. A group has one level: enter the head of that group."
    ),
    "group_has_members": mark("This customer is the head of others. A group has one level: take them out of it first."),
    "questionnaire_empty": mark("Answer at least one question."),
}

ENTITY_LABELS: dict[str, str] = {
    "company": mark("Company"),
    "sole_trader": mark("Sole trader"),
    "person": mark("Person"),
    "government": mark("Government"),
    "institution": mark("Institution"),
    "foreign_company": mark("Foreign company"),
}
GROUP_KINDS: dict[str, str] = {"parent": mark("Its parent company"), "payer": mark("The payer of its debts")}
SIZE_NAMES: dict[str, str] = {"large": mark("Large"), "medium": mark("Medium"), "small": mark("Small")}
#: Why no survey is asked for (R030).
EXEMPTION_NAMES: dict[str, str] = {
    "government": mark("Exempt: government body"),
    "institution": mark("Exempt: institution"),
    "large_good": mark("Exempt: large customer of good credit"),
    "small_risk": mark("Exempt: low risk, small amounts"),
    "cash": mark("Exempt: pays cash"),
}
#: Why a tax or register number cannot be taken as it is (`ar.customers.rules.identity_numbers.Doubt`).
DOUBTS: dict[str, str] = {
    "check_character": mark(
        "Its check character does not fit. Compare it with the licence; the customer file can confirm a true one."
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
