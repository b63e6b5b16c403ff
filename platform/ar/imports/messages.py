"""Defines the texts of import findings and errors: what was expected and what was found.

Invariant: every code that `checking`, `plan` or `mapping` raises has a text (a test checks it); `found` is quoted as
it stood in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ar.customers.messages import MESSAGES as CUSTOMER_MESSAGES
from ar.imports.columns import LABELS
from ar.ledger.messages import MESSAGES as LEDGER_MESSAGES
from kernel.bookable import OUT_OF_RANGE
from kernel.i18n import current_language, gettext, mark
from kernel.money import amounts_of
from kernel.sheets.mapping import SKIP
from kernel.sheets.passed_over import REASONS

FINDINGS: dict[str, str] = {
    "column_missing": mark("The file has no column “%(header)s”. Add it, or name it in a mapping."),
    "mapped_header_missing": mark("The mapping names a header “%(header)s” that the file does not have."),
    "looks_like_kind": mark("This looks like %(kind)s. Choose that kind or correct the headers."),
    "no_rows": mark("The file has a header but no rows."),
    "cells_beyond_header": mark(
        "Expected %(expected)s cells, found %(found)s. A separator inside a value needs quotes."
    ),
    "value_missing": mark("A value is required here; none was found."),
    "too_long": mark("Expected at most %(most)s characters, found %(found)s."),
    "number_damaged": mark("Expected a number in full, found “%(found)s”. Format the column as text before saving."),
    "formula_error": mark("Expected a value, found the error “%(found)s” of a formula. Write the value in its place."),
    "not_a_date": mark("Expected a date such as 2026-11-21, found “%(found)s”."),
    "ambiguous_date": mark("Could be two dates: “%(found)s”. Choose whether the month or the day comes first."),
    "month_first_untold": mark(
        "“%(found)s” is a date only with the month first. Choose “Month first” for this file, or enter %(read)s."
    ),
    "day_first_untold": mark(
        "“%(found)s” is a date only with the day first. Choose “Day first” for this file, or enter %(read)s."
    ),
    "same_day_untold": mark(
        "“%(found)s” ends with the year. Choose whether the month or the day comes first in this file, or enter "
        "%(read)s."
    ),
    "date_too_far": mark("Expected a date up to %(latest)s, found %(found)s."),
    "date_ahead": mark("%(found)s is after today, %(today)s."),
    "date_long_ago": mark("%(found)s is more than ten years ago."),
    "no_such_day": mark("There is no such day: “%(found)s”."),
    "day_out_of_range": OUT_OF_RANGE,
    "not_a_number": mark("Expected an amount such as 1234.50, found “%(found)s”."),
    "ambiguous_amount": mark(
        "Ambiguous amount: “%(found)s”. Choose the decimal mark in the mapping, or use a point for the decimals."
    ),
    "too_many_decimals": mark(
        "%(currency)s does not have so many decimals: “%(found)s”. Choose rounding in the mapping if they are meant."
    ),
    "other_currency": mark("The amount “%(found)s” names another currency than %(currency)s."),
    "too_large": mark("The amount “%(found)s” is too large."),
    "amount_not_positive": mark("Expected an amount above zero, found “%(found)s”. A reduction is a credit note."),
    "unknown_currency": mark("Expected a currency code such as CNY or USD, found “%(found)s”."),
    "unknown_kind": mark("“%(found)s” is not known as a kind of document. Say in the mapping what it is."),
    "unknown_entity_type": mark(
        "Expected company, sole_trader, person, government, institution or foreign_company, found “%(found)s”."
    ),
    "unknown_language": mark("Expected zh_CN or en, found “%(found)s”."),
    "bad_email": mark("Expected an e-mail address, found “%(found)s”."),
    "email_not_ascii": mark(
        "“%(found)s” has characters before the @ that mail servers refuse. Use Latin letters, digits and signs."
    ),
    "not_whole_number": mark("Expected a whole number from 0 to %(most)s, found “%(found)s”."),
    "owner_unknown": mark("“%(found)s” is not a member of this company. Invite the person first."),
    "duplicate_in_file": mark("“%(found)s” is already in row %(first_row)s."),
    "due_before_document": mark(
        "The due date %(found)s is before the document date %(document_on)s; it is kept as written. Look whether that "
        "is meant, or choose the document date in the mapping."
    ),
    "due_raised": mark(
        "The due date %(found)s is before the document date; the document date %(document_on)s is taken."
    ),
    "currency_withdrawn": mark("%(found)s was money until %(last_on)s. Use the currency that replaced it."),
    "amount_rounded": mark("“%(found)s” has more decimals than the currency and is rounded."),
    "minus_is_credit": mark(
        "“%(found)s” is below zero and all rows are said to be invoices: it is read as a credit note."
    ),
    "kind_by_sign": mark(
        "“%(found)s” has the sign of the other side: owed becomes a debit note, a credit a credit note."
    ),
    "locked_period": mark(
        "%(found)s lies in the period that is locked through %(through_on)s. Post such documents as openings on "
        "%(open_from)s, or unlock the period."
    ),
    "posted_after_lock": mark(
        "%(found)s lies in the period that is locked through %(through_on)s; it is posted on %(open_from)s, with its "
        "own due date."
    ),
    "came_before_lock": mark(
        "%(found)s lies in the period that is locked through %(through_on)s; the receipt is posted on %(open_from)s. "
        "Interest and discount count from the day it came."
    ),
    "no_open_day": mark("The books are locked through %(through_on)s, beyond today: no day is open to post a receipt."),
    "owner_not_found": mark(
        "“%(found)s” is no member of this company; such customers are imported without a salesperson."
    ),
    "owner_ambiguous": mark(
        "Several members are called “%(found)s”; such customers are imported without a salesperson."
    ),
    "number_is_name": mark(
        "The file has no customer numbers: customers are known by their names, such as “%(found)s”."
    ),
    "customer_name_missing": mark("Customer “%(found)s” is new, so a name is required."),
    "customer_unknown": mark("There is no customer “%(found)s”. Import customers or open items first."),
    "document_differs": mark(
        "“%(found)s” was posted with %(posted)s, this row says %(said)s. Posted documents are not changed."
    ),
    "document_reversed": mark(
        "“%(found)s” was posted and reversed by %(reversal)s. Give the new document a number of its own."
    ),
    "allocation_differs": mark("“%(found)s” was posted, but does not pay %(document_no)s as this row says."),
    "applies_to_form": mark("Expected documents and amounts such as INV1:100.00;INV2:50.00, found “%(found)s”."),
    "document_unknown": mark("Customer “%(customer_no)s” has no document “%(found)s” in %(currency)s."),
    "document_ambiguous": mark("Several documents of customer “%(customer_no)s” have the number “%(found)s”."),
    "document_named_twice": mark("“%(found)s” is named twice in this row."),
    "exceeds_open": mark("“%(found)s” has %(open)s %(currency)s open, this row pays %(wanted)s."),
    "exceeds_receipt": mark("The row pays %(wanted)s %(currency)s in all, but the receipt is %(amount)s."),
    "closing_differs": mark(
        "The file's own sum is %(found)s %(currency)s, its rows come to %(read)s. Look for rows that were passed over."
    ),
    "number_given": mark("This row has no number of its own; it is posted as “%(number)s”."),
    "currency_assumed": mark("No currency stands in this row; it is read as %(currency)s."),
    "looks_like": mark(
        "“%(found)s” looks like “%(other)s”. If they are the same, write it the same way; otherwise both are kept."
    ),
    "limits_to_approve": mark(
        "Limits: %(limits)s. They count from the import on as taken over; the general manager approves them by one act."
    ),
    "limit_stands": mark(
        "Customer “%(found)s” has a limit in these days and this row has none. Limits are changed on the page Limits."
    ),
    "limit_granted": mark(
        "Customer “%(found)s” has a limit that was granted here, from %(valid_from)s on. Change it on the page Limits."
    ),
    "limit_differs": mark(
        "The limit from %(found)s on stands with %(posted)s, this row says %(said)s. Change it on the page Limits."
    ),
    "paper_differs": mark(
        "“%(number)s” has “%(first)s” in row %(first_row)s and “%(found)s” here. Rows of one paper say the same."
    ),
    "paper_stands": mark(
        "“%(number)s” stands in the books with %(posted)s, this row says %(said)s. A file does not change what came in."
    ),
    "paper_has_no_line": mark("“%(number)s” stands in the books without a line %(found)s."),
    "paper_lacks_line": mark("“%(number)s” stands in the books with a line %(found)s that the file does not have."),
    "paper_too_long": mark("“%(found)s” has %(lines)s lines; at most %(most)s are taken."),
    "customer_blacklisted": mark(
        "Customer “%(found)s” is on the blacklist since %(since)s: no order comes in. Ask whoever keeps the blacklist."
    ),
    "order_would_be_held": mark(
        "Order “%(found)s” comes in as confirmed elsewhere; our checks would hold it, and ask again before it ships: "
        "%(reasons)s"
    ),
    "order_unknown": mark("There is no order “%(found)s”. Import the orders first."),
    "delivery_would_be_held": mark(
        "Delivery “%(found)s” comes in as history and keeps a flag: our checks would have held it: %(reasons)s"
    ),
    "shipped_before_ordered": mark("The goods left on %(found)s, before they were ordered on %(ordered_on)s."),
    "delivery_unknown": mark("There is no delivery note “%(found)s”. Import the deliveries first."),
    "delivery_not_out": mark("Delivery note “%(found)s” is not on its way, so nothing is signed for."),
    "name_illegible": mark("“%(found)s” is no name that can be read: a signature needs one."),
    "signed_before_shipped": mark("Signed on %(found)s, before the goods left on %(shipped_on)s."),
    "sign_off_differs": mark(
        "“%(found)s” was signed for on %(posted)s by %(by)s. A signature is not changed: take it back on its page."
    ),
    "limit_negative": mark("Expected a limit of zero or more, found “%(found)s”."),
    "ends_before_it_begins": mark("The limit ends on %(found)s, before it begins on %(valid_from)s."),
    "not_yet": mark("%(found)s is after today, %(today)s. Only what has happened is imported."),
    "quantity_not_positive": mark("Expected a quantity above zero, found “%(found)s”."),
    "not_a_rate": mark("Expected a tax rate such as 13%% or 0.13, found “%(found)s”."),
    "not_a_quantity": mark("Expected a number such as 12.5, found “%(found)s”."),
    "too_many_places": mark("Expected at most %(most)s decimals, found “%(found)s”."),
    "not_a_line_no": mark("Expected the number of a line from 1 to %(most)s, found “%(found)s”."),
    "unknown_grade": mark("Expected a grade A, B, C or D, found “%(found)s”."),
    "unknown_mode": mark("Expected direct, carrier, pick_up or consignment, found “%(found)s”."),
    "tax_id_doubtful": mark("“%(found)s” does not fit as the number of such a customer. It is saved as entered."),
}

# Codes of whole-file and command errors.
MESSAGES: dict[str, str] = {
    "import_not_found": mark("There is no such import."),
    "import_not_checked": mark("This import is not ready to be applied."),
    "import_totals_unconfirmed": mark("Compare the totals with your source and confirm them first."),
    "import_broke": mark(
        "Something in this file could not be processed. It is in the log; ask your system administrator to look."
    ),
    "mapping_malformed": mark("The mapping cannot be read at %(place)s: %(reason)s."),
    "mapping_column_unknown": mark("The mapping names a column “%(column)s”. Known are: %(known)s."),
    "import_file_missing": mark("Choose a file."),
    "import_not_open": mark("This import is applied or being worked on; its columns cannot be mapped anew."),
    "import_not_applied": mark("Only an applied import can be undone."),
    "import_not_traced": mark("This import was made before imports could be undone. Reverse its documents one by one."),
    "import_depended_on": mark("Later work depends on this import: %(what)s. Undo that first."),
    "table_too_large": mark("The file has more than %(most)s bytes."),
    "table_too_many_rows": mark("The file has more than %(most)s rows. Split it."),
    "table_too_many_columns": mark("The file has more than %(most)s columns."),
    "table_line_too_long": mark("Line %(row)s has more than %(most)s characters: this is no table."),
    "table_encrypted": mark("The workbook is protected by a password. Save it without one and upload it again."),
    "table_no_such_row": mark("The file has no row %(row)s to be its header."),
    "table_cell_too_long": mark("Row %(row)s has a cell of more than %(most)s characters."),
    "table_empty": mark("The file is empty."),
    "table_kind": mark("This is neither a CSV file nor an XLSX workbook."),
    "table_encoding": mark("The text of the file is neither UTF-8 nor GB18030."),
    "table_malformed": mark("The file is damaged and cannot be read."),
    "table_bomb": mark("The workbook unpacks to far more than it says and is not opened."),
    "table_too_wide": mark(
        "The sheet spans %(found)s cells; at most %(most)s are read. Delete empty rows and columns."
    ),
    "table_no_such_sheet": mark("The workbook has no sheet “%(sheet)s”."),
}


#: What a file leaves open about its columns, asked on the mapping page.
QUESTIONS: dict[str, str] = {
    "column_unsure": mark("Is “%(header)s” the %(target)s?"),
    "column_unknown": mark("Which column is the %(target)s?"),
    "currency_unsaid": mark("The file names no currency. Is it %(currency)s?"),
    "kind_unsaid": mark("The file does not say what its documents are. Are they all invoices?"),
    "partly_settled": mark(
        "Part of “%(header)s” is settled, says “%(settled)s”. Which column holds what is still open? "
        "If none does, bring the payments in as rows of their own."
    ),
    "kinds_unknown": mark("What are these documents: %(words)s?"),
    "headings_taken": mark("Lines such as “%(found)s” stand above other rows. Do they say whose these rows are?"),
    "customers_carried": mark("“%(header)s” is empty in some rows. Do they belong to the customer of the row above?"),
    "sides_taken": mark("Is “%(debit)s” what was charged and “%(credit)s” what was credited or paid?"),
    "decimals_rounded": mark("“%(found)s” has more decimals than the currency. Are such amounts rounded?"),
    "sign_doubtful": mark("“%(found)s” is below zero. Is what stands below zero a credit?"),
    "decimal_mark_doubtful": mark("Which is the decimal mark? The file has %(found)s."),
    "date_order_doubtful": mark("Does the month or the day come first in %(found)s?"),
}

#: Where the mapping of a file came from; names of systems stand for themselves.
ORIGINS: dict[str, str] = {
    "told": mark("as you said"),
    "remembered": mark("as files of this source were read before"),
    "guess": mark("by the names of the columns"),
}

#: Why rows were passed over.
PASSED_OVER: dict[str, str] = {
    **REASONS,
    "zero_amount": mark("an amount of zero"),
    "kind_skipped": mark("kinds of documents that the mapping passes over"),
    "no_limit": mark("customers without a limit"),
    "repeated_line": mark("further lines of the same document"),
}

#: What a word of the file may mean.
DOCUMENT_KINDS: dict[str, str] = {
    "invoice": mark("Invoice"),
    "debit_note": mark("Debit note"),
    "credit_note": mark("Credit note"),
    "receipt": mark("Payment received"),
}

KIND_LABELS: dict[str, str] = {
    "customers": mark("Customers"),
    "open-items": mark("Open items"),
    "receipts": mark("Receipts"),
    "limits": mark("Credit limits"),
    "orders": mark("Orders"),
    "deliveries": mark("Deliveries"),
    "sign-offs": mark("Delivery sign-offs"),
}
STATE_LABELS: dict[str, tuple[str, str]] = {
    "uploaded": (mark("Waiting"), "quiet"),
    "checking": (mark("Being checked"), "quiet"),
    "checked": (mark("Ready to apply"), "warn"),
    "refused": (mark("Has errors"), "late"),
    "applying": (mark("Being applied"), "quiet"),
    "applied": (mark("Applied"), "ok"),
    "failed": (mark("Failed"), "late"),
    "asking": (mark("Asks about its columns"), "warn"),
    "undoing": (mark("Being undone"), "quiet"),
    "undone": (mark("Undone"), "quiet"),
}
TOTAL_LABELS: dict[str, str] = {
    "invoice": mark("Invoices"),
    "debit_note": mark("Debit notes"),
    "credit_note": mark("Credit notes"),
    "receipt": mark("Receipts"),
    "limit": mark("Credit limits"),
    "order": mark("Orders"),
    "delivery": mark("Deliveries"),
    "sign-off": mark("Delivery sign-offs"),
}

#: The choices of the mapping page, as (value of the mapping, label).
SIGNS: Final = (
    ("", mark("The type of document tells")),
    ("owed_positive", mark("Above zero is owed, below zero a credit or payment")),
    ("owed_negative", mark("Below zero is owed, above zero a credit or payment")),
)
RECEIPT_SIGNS: Final = (
    ("", mark("Payments stand above zero")),
    ("owed_positive", mark("Payments stand below zero")),
)
EARLY_DUE: Final = (("keep", mark("Kept as written")), ("document_date", mark("The document date is taken")))
BEFORE_LOCK: Final = (("refuse", mark("An error")), ("opening", mark("Posted on the first open day, as openings")))
CREDITS: Final = (
    ("by_books", mark("Opening balances, until the books have revenue of their own")),
    ("opening_balance", mark("Opening balances: items brought from another system")),
    ("revenue", mark("Revenue: new sales")),
)
UNNUMBERED: Final = (
    ("payments", mark("Payments get one of ours; of others it is an error")),
    ("all", mark("All get one of ours")),
    ("refuse", mark("An error")),
)
HEADINGS: Final = (
    ("", mark("No such rows")),
    ("customer_name", mark("The name of their customer")),
    ("customer_no", mark("The number of their customer, then its name")),
    (SKIP, mark("Pass these lines over")),
)
CARRIED: Final = (("", mark("An error")), ("customer_no,customer_name", mark("The customer of the row above")))
REPEATED: Final = (("refuse", mark("An error")), ("pass_over", mark("Passed over, where all values are the same")))


def finding_text(code: str, params: Mapping[str, object]) -> str:
    """Returns a finding in the current language, with columns and kinds of file by name."""
    shown = dict(params)
    if code == "column_missing":
        shown["header"] = column_name(str(params["header"]))
    elif code == "looks_like_kind":
        kind = str(params["kind"])
        shown["kind"] = gettext(KIND_LABELS.get(kind, kind)).lower()
    return gettext(FINDINGS[code], **shown)


def question_text(code: str, params: Mapping[str, object]) -> str:
    """Returns a question about a file in the current language, with columns by their labels."""
    shown = dict(params)
    if "target" in shown:
        shown["target"] = gettext(LABELS[str(shown["target"])])
    return gettext(QUESTIONS[code], **shown)


def column_name(name: str) -> str:
    """Returns the label of a canonical column, like 收款单号 (receipt_no); other names unchanged."""
    return f"{gettext(LABELS[name])} ({name})" if name in LABELS else name


def failure_text(code: str, params: Mapping[str, object]) -> str:
    """Returns why an import failed, in the current language; the code itself when it has no text."""
    text = {**LEDGER_MESSAGES, **CUSTOMER_MESSAGES, **MESSAGES}.get(code, code)
    try:
        return gettext(text, **{**amounts_of(params, current_language()), **params})
    except (KeyError, ValueError):
        return text
