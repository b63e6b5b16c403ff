"""Texts of the ledger's error codes, names of its kinds and stages. Imports the marker for translation only."""

from __future__ import annotations

from ar.ledger.stages import Stage
from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "item_not_found": mark("There is no such document."),
    "allocation_not_found": mark("There is no such allocation."),
    "document_exists": mark("The number %(document_no)s is taken by another document of this kind."),
    "kind_unknown": mark("“%(kind)s” is not a kind of document that can be booked."),
    "currency_unknown": mark("“%(currency)s” is not a currency."),
    "amount_not_positive": mark("The amount must be more than zero."),
    "amount_unreadable": mark("“%(amount)s” is not an amount in this currency."),
    "document_no_missing": mark("The document needs a number."),
    "dates_out_of_order": mark("%(document_no)s: the due date cannot be before the document's date."),
    "entry_unbalanced": mark("Debits and credits differ, so nothing was booked."),
    "allocation_exceeds_open": mark("%(document_no)s: less is open now than this would allocate. Load the page again."),
    "currency_differs": mark("A credit in %(credit)s cannot pay a document in %(debit)s."),
    "wrong_side": mark("Only a receipt or a credit note can pay, and only what is owed can be paid."),
    "effective_too_early": mark("The effective date cannot be before %(since_on)s."),
    "effective_in_future": mark("The effective date cannot be after %(until_on)s."),
    "document_too_far_ahead": mark("%(document_no)s is dated %(document_on)s, more than a year ahead. Check the year."),
    "date_unreadable": mark("“%(text)s” is not a date that can be shown. Write a date like 2026-11-21."),
    "period_locked": mark("%(on)s lies in a closed period: the books are locked through %(through_on)s."),
    "receivables_by_item": mark("The receivables account moves only with a document."),
    "entry_not_found": mark("There is no such entry."),
    "tax_too_large": mark("%(document_no)s: the tax must be less than the amount."),
    "tax_not_here": mark("%(document_no)s: this kind of document carries no tax."),
    "account_not_here": mark("This kind of document is not booked against “%(account)s”."),
    "discount_incomplete": mark("%(document_no)s: a discount needs both its rate and its last day."),
    "discount_out_of_range": mark("%(document_no)s: the discount must lie between 0.01 % and 99.99 %."),
    "discount_day_out_of_order": mark(
        "%(document_no)s: the last day of the discount must lie between the document's date and its due date."
    ),
    "instalments_miscounted": mark("%(document_no)s: instalments count 1, 2, 3 without a gap."),
    "instalments_differ": mark("%(document_no)s: all instalments share customer, date and currency."),
    "already_reversed": mark("This was taken back before."),
    "reversal_is_final": mark("A reversal cannot itself be taken back. Book the document again."),
    "item_allocated": mark("%(document_no)s has allocations. Take them back first."),
}

KIND_NAMES: dict[str, str] = {
    "opening": mark("Opening balance"),
    "invoice": mark("Invoice"),
    "debit_note": mark("Debit note"),
    "interest": mark("Interest"),
    "refund": mark("Refund"),
    "credit_note": mark("Credit note"),
    "receipt": mark("Receipt"),
    "recovery": mark("Recovered bad debt"),
    "goods_return": mark("Goods returned"),
    "bill": mark("Bill received"),
    "discount": mark("Discount taken"),
    "write_off": mark("Small difference written off"),
    "interest_waiver": mark("Interest waived"),
    "bad_debt": mark("Bad debt written off"),
    "reversal": mark("Reversal"),
}

STAGE_NAMES: dict[Stage, str] = {
    Stage.CONTRACT: mark("Contract period"),
    Stage.WARNING: mark("Early warning"),
    Stage.DUE: mark("Due"),
    Stage.OVERDUE: mark("Overdue"),
    Stage.ULTIMATUM: mark("Ultimatum"),
    Stage.PROFESSIONAL: mark("Professional collection"),
    Stage.LEGAL: mark("Legal action"),
    Stage.BAD_DEBT: mark("Bad debt"),
}

STAGE_TONES: dict[Stage, str] = {
    Stage.CONTRACT: "quiet",
    Stage.WARNING: "quiet",
    Stage.DUE: "warn",
    Stage.OVERDUE: "warn",
    Stage.ULTIMATUM: "late",
    Stage.PROFESSIONAL: "late",
    Stage.LEGAL: "late",
    Stage.BAD_DEBT: "late",
}

ACCOUNT_NAMES: dict[str, str] = {
    "cash": mark("Cash"),
    "bank": mark("Bank deposits"),
    "notes_receivable": mark("Notes receivable"),
    "receivables": mark("Accounts receivable"),
    "receivables_fx": mark("Accounts receivable, exchange adjustment"),
    "allowance": mark("Allowance for bad debts"),
    "short_term_loans": mark("Short-term loans"),
    "payables": mark("Accounts payable"),
    "customer_deposits": mark("Customer deposits"),
    "output_tax": mark("Output tax"),
    "opening_balance": mark("Opening balances"),
    "revenue": mark("Revenue"),
    "returns": mark("Sales returns"),
    "discounts_allowed": mark("Discounts allowed"),
    "interest_income": mark("Interest income"),
    "exchange_difference": mark("Exchange difference"),
    "finance_costs": mark("Finance costs"),
    "bad_debt_expense": mark("Bad-debt expense"),
    "small_differences": mark("Small differences"),
    "written_off": mark("Debts written off (memorandum)"),
    "written_off_contra": mark("Debts written off, contra (memorandum)"),
}
