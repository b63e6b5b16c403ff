"""Texts of the ledger's error codes and names of its document kinds, stages, accounts and checks (msgids)."""

from __future__ import annotations

from ar.ledger.rules.stages import Stage
from kernel.bookable import OUT_OF_RANGE
from kernel.i18n import mark

MESSAGES: dict[str, str] = {
    "item_not_found": mark("There is no such document."),
    "allocation_not_found": mark("There is no such allocation."),
    "document_exists": mark("The number %(document_no)s is taken by another document of this kind."),
    "kind_unknown": mark("“%(kind)s” is not a kind of document that can be posted."),
    "currency_unknown": mark("“%(currency)s” is not a currency."),
    "currency_withdrawn": mark("%(currency)s was money until %(last_on)s. Use the currency that replaced it."),
    "day_out_of_range": OUT_OF_RANGE,
    "amount_not_positive": mark("The amount must be more than zero."),
    "amount_unreadable": mark("“%(amount)s” is not an amount in this currency."),
    "document_no_missing": mark("The document needs a number."),
    "dates_out_of_order": mark("%(document_no)s: the due date cannot be before the document's date."),
    "entry_unbalanced": mark("Debits and credits differ, so nothing was posted."),
    "allocation_exceeds_open": mark("At most %(open)s: no more is open on %(document_no)s."),
    "currency_differs": mark("A credit in %(credit)s cannot pay a document in %(debit)s."),
    "wrong_side": mark("Only a receipt or a credit note can pay, and only what is owed can be paid."),
    "effective_too_early": mark("The effective date cannot be before %(since_on)s."),
    "effective_in_future": mark("The effective date cannot be after %(until_on)s."),
    "document_too_far_ahead": mark("%(document_no)s is dated %(document_on)s, more than a year ahead. Check the year."),
    "date_unreadable": mark("“%(text)s” is not a date that can be shown. Enter a date such as 2026-11-21."),
    "period_locked": mark("%(on)s is in a closed period: the books are locked through %(through_on)s."),
    "receivables_by_item": mark("The receivables account moves only with a document."),
    "lock_in_future": mark("The books can be locked through %(today)s at the latest, which is today."),
    "lock_not_forward": mark("The books are already locked through %(through_on)s."),
    "books_not_locked": mark("The books are not locked."),
    "unlock_not_back": mark("Choose a day before %(through_on)s, the date through which the books are locked."),
    "rate_own_currency": mark("%(currency)s is the company's own currency and needs no rate."),
    "rate_out_of_range": mark("%(currency)s: a rate is more than zero and has at most ten decimals."),
    "rate_in_future": mark("%(on)s is in the future, so there is no rate for it."),
    "rate_unreadable": mark("“%(text)s” is not a rate. Enter a number such as 7.1234."),
    "rate_missing": mark("No rate for %(currency)s by %(on)s."),
    "revaluation_in_future": mark("Receivables can be revalued as of %(today)s at the latest, which is today."),
    "nothing_to_revalue": mark("As of %(as_of)s there is no exchange difference left to post."),
    "entry_not_found": mark("There is no such entry."),
    "card_too_long": mark("This card has %(lines)s lines, more than %(most)s. Choose a shorter period, or take Excel."),
    "tax_too_large": mark("%(document_no)s: the tax must be less than the amount."),
    "tax_not_here": mark("%(document_no)s: this kind of document carries no tax."),
    "account_not_here": mark("This kind of document is not posted against “%(account)s”."),
    "discount_incomplete": mark("%(document_no)s: a discount needs both its rate and its last day."),
    "discount_out_of_range": mark("%(document_no)s: the discount must lie between 0.01 and 99.99 per cent."),
    "discount_day_out_of_order": mark(
        "%(document_no)s: the last day of the discount must lie between the document's date and its due date."
    ),
    "instalments_miscounted": mark("%(document_no)s: instalments count 1, 2, 3 without a gap."),
    "instalments_differ": mark("%(document_no)s: all instalments share customer, date and currency."),
    "lock_moved": mark("The books have since been locked through %(through_on)s. Submit a new request."),
    "already_reversed": mark("This has already been undone."),
    "reversal_is_final": mark("A reversal cannot itself be reversed. Post the document again."),
    "reversed_elsewhere": mark("A bill is cancelled or recorded as dishonoured on its own page."),
    "reversed_with_case": mark("A write-off of bad debt is reversed on the page of its case."),
    "reversed_with_charge": mark("A waiver of interest is reversed on the page of the charge."),
    "credit_bound": mark(
        "%(document_no)s was granted for another document and cannot pay this one. Reverse it and post it again."
    ),
    "item_allocated": mark("%(document_no)s has allocations. Undo them first."),
    "document_refused": mark("The document cannot be posted as entered."),
    "customer_missing": mark("Which customer? Enter the number or the name."),
    "customer_unknown": mark("No customer has the number or name “%(text)s”."),
    "customer_retired": mark(
        "Customer %(number)s left the lists when the import that created it was undone. "
        "Enter it again under this number first."
    ),
    "customer_several": mark("Several customers match “%(text)s”: %(found)s. Enter the number."),
    "reference_unknown": mark("This customer has no document %(document_no)s in this currency that could be paid."),
    "amount_missing": mark("The amount is required."),
    "amount_decimals": mark("%(currency)s has fewer decimals than “%(amount)s”."),
    "amount_too_large": mark("“%(amount)s” is larger than can be posted."),
    "amount_below_zero": mark("The amount cannot be below zero."),
    "day_needed": mark("A date is required."),
    "day_unreadable": mark("Enter a date such as 2026-11-21."),
    "day_too_early": mark("The first open posting date is %(first_on)s."),
    "day_too_far": mark("%(on)s is too far ahead. Check the year."),
    "due_needed": mark("This customer's terms give no date. Enter the due date."),
    "due_before_document": mark("The due date cannot be before the document's date."),
    "percent_unreadable": mark("“%(text)s” is not a rate. Enter the percentage, such as 13."),
    "tax_twice": mark("Enter the rate or the amount of the tax, not both."),
    "tax_not_less": mark("The tax must be less than the amount."),
    "discount_rate_needed": mark("Enter the discount in percent, more than 0 and less than 100."),
    "discount_days_needed": mark("Enter for how many days the discount is granted."),
    "discount_after_due": mark("The discount would end after the due date %(due_on)s."),
    "instalment_order": mark("Instalments must be in date order."),
    "instalments_sum": mark("The instalments come to %(sum)s, the document to %(amount)s."),
    "draft_not_found": mark("There is no such draft."),
    "sending_no_invoice": mark("%(document_no)s is no invoice."),
    "sending_day": mark("The day lies between %(first)s and today, %(today)s."),
    "sending_who_confirmed": mark("Say who confirmed the receipt."),
    "draft_closed": mark("This draft has since been posted or discarded."),
    "draft_changed": mark(
        "%(name)s has changed this draft since you opened it. What you typed is still here; below is what differs. "
        "Save again to keep yours."
    ),
    "discount_none": mark("No early-payment discount was granted on this document."),
    "discount_unpaid": mark("%(document_no)s: nothing has been paid yet that earns the discount."),
    "tax_more_than_left": mark(
        "Of the tax of %(document_no)s no more than %(left)s is left: credit notes before have given back the rest."
    ),
    "discount_bill_unpaid": mark(
        "%(document_no)s is paid by a bill that is not honoured yet. A bill earns the discount when it is paid in time."
    ),
    "discount_too_late": mark(
        "%(document_no)s: the discount was granted until %(until_on)s and no payment took effect by then."
    ),
    "discount_used_up": mark("%(document_no)s: the earned discount has already been posted."),
    "write_off_credit": mark("Only what is owed can be written off. Refund a credit or allocate it."),
    "write_off_nothing": mark("%(document_no)s: nothing is open any more."),
    "write_off_text_needed": mark("State in words why it is written off."),
    "write_off_rest_changed": mark(
        "%(document_no)s: less is open now than was to be written off. Submit a new request."
    ),
}

#: Reasons for writing off a small difference.
WRITE_OFF_REASONS: dict[str, str] = {
    "bank_charges": mark("Bank charges"),
    "rounding": mark("Rounding"),
    "short_payment": mark("Short payment"),
    "price": mark("Price difference"),
    "other": mark("Other reason"),
}

#: Labels of a document's fields, for pages and the command line.
FIELD_LABELS: dict[str, str] = {
    "customer": mark("Customer"),
    "number": mark("Number"),
    "document_on": mark("Document date"),
    "due_on": mark("Due date"),
    "currency": mark("Currency"),
    "amount": mark("Amount with tax"),
    "tax_rate": mark("Tax rate"),
    "tax": mark("Tax amount"),
    "discount_percent": mark("Early-payment discount"),
    "discount_days": mark("Discount days"),
    "instalment_due": mark("Instalments: due dates"),
    "instalment_amount": mark("Instalments: amounts"),
    "reference": mark("Reference"),
    "reason": mark("Why it is given"),
    "allocate": mark("Allocate at once"),
    "memo": mark("Note"),
}

#: Names of the ledger's checks, for the page of examinations; other slices' names are shown untranslated.
CHECK_NAMES: tuple[str, ...] = (
    mark("ledger: every entry balances"),
    mark("ledger: each item stands in the receivables account"),
    mark("ledger: the receivables account holds nothing but items"),
    mark("ledger: open amounts equal amounts less allocations"),
    mark("ledger: cleared dates equal the last allocation's"),
    mark("ledger: allocations join a debt and a credit, not before either"),
    mark("ledger: documents have their days in order, their side and their discount"),
    mark("ledger: instalments count from one and share their document"),
    mark("ledger: no item over-allocated as of any date"),
    mark("ledger: an allocation taken back mirrors the first"),
    mark("ledger: a reversal mirrors its document"),
    mark("ledger: no credit was posted before it came"),
    mark("ledger: no discount outlives the payment that earned it"),
    mark("ledger: a reversing entry mirrors its entry"),
    mark("ledger: output tax is a part of its document"),
    mark("ledger: debts written off stand in the memorandum"),
    mark("ledger: running numbers have no gap"),
    mark("ledger: kept sums equal the books"),
    mark("periods: the state is that of the newest lock"),
    mark("periods: nothing was dated in a locked period"),
    mark("periods: balances kept with a lock equal its entries"),
)

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
    "interest_credit": mark("Interest credited back"),
    "bad_debt": mark("Bad debt written off"),
    "reversal": mark("Reversal"),
    "bill_endorsed": mark("Bill endorsed"),
    "bill_discounted": mark("Bill discounted"),
    "bill_discounted_recourse": mark("Bill discounted with recourse"),
    "bill_honoured": mark("Bill paid"),
    "bill_dishonoured": mark("Bill dishonoured"),
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
