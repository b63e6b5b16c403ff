"""The chart of accounts, and the posting rule of each kind of document.

Pure. Invariants: a document's receivables legs equal its open items; a kind without a rule cannot be posted; account
codes are stable, their numbers those of the usual Chinese chart.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import UUID

from ar.ledger.books.entries import Leg, NewItem

RECEIVABLES: Final = "receivables"
REVERSAL: Final = "reversal"
OUTPUT_TAX: Final = "output_tax"
# code, kind, number in the usual Chinese chart of accounts (企业会计准则应用指南, 会计科目); memo accounts are our own
ACCOUNTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("cash", "asset", "1001"),
    ("bank", "asset", "1002"),
    ("notes_receivable", "asset", "1121"),
    (RECEIVABLES, "asset", "1122"),
    ("receivables_fx", "asset", "112299"),
    ("allowance", "asset", "1231"),
    ("short_term_loans", "liability", "2001"),
    ("payables", "liability", "2202"),
    ("customer_deposits", "liability", "2203"),
    (OUTPUT_TAX, "liability", "222101"),
    ("opening_balance", "equity", "4104"),
    ("revenue", "income", "6001"),
    ("returns", "income", "600102"),
    ("discounts_allowed", "income", "600103"),
    ("interest_income", "income", "605101"),
    ("exchange_difference", "expense", "6061"),
    ("finance_costs", "expense", "6603"),
    ("bad_debt_expense", "expense", "6702"),
    ("small_differences", "expense", "671101"),
    ("written_off", "memo", "9001"),
    ("written_off_contra", "memo", "9002"),
)


class PostingRule(NamedTuple):
    """How a kind of document is posted: `side` +1 debits the receivables, -1 credits them; `contra` is the other side.

    `alternatives`: accounts that may be named in place of `contra`. `taxed`: output tax may be split off the contra
    leg. `memo`: memorandum accounts debited and credited with the same amount, off the balance sheet (R234).
    """

    side: int
    contra: str
    alternatives: tuple[str, ...] = ()
    taxed: bool = False
    memo: tuple[str, str] | None = None


_MONEY = ("bank", "cash", "customer_deposits")
POSTING_RULES: Final[dict[str, PostingRule]] = {
    "opening": PostingRule(1, "opening_balance"),
    "invoice": PostingRule(1, "revenue", ("opening_balance",), taxed=True),
    "debit_note": PostingRule(1, "revenue", ("discounts_allowed", "opening_balance"), taxed=True),
    "interest": PostingRule(1, "interest_income", taxed=True),
    "refund": PostingRule(1, "bank", _MONEY),
    "recovery": PostingRule(1, "allowance", memo=("written_off_contra", "written_off")),
    "credit_note": PostingRule(-1, "returns", ("opening_balance",), taxed=True),
    "goods_return": PostingRule(-1, "returns", taxed=True),
    "receipt": PostingRule(-1, "bank", (*_MONEY, "opening_balance")),
    "bill": PostingRule(-1, "notes_receivable"),
    "discount": PostingRule(-1, "discounts_allowed", taxed=True),
    "write_off": PostingRule(-1, "small_differences"),
    "interest_waiver": PostingRule(-1, "interest_income", taxed=True),
    "interest_credit": PostingRule(-1, "interest_income", taxed=True),
    "bad_debt": PostingRule(-1, "allowance", memo=("written_off", "written_off_contra")),
}


def document_legs(items: Sequence[NewItem], entry_id: UUID) -> list[Leg]:
    """Returns the legs of a document's entry: a receivables leg per item, then contra, tax and memorandum legs."""
    first = items[0]
    rule = POSTING_RULES[first.kind]
    amount = sum(item.amount_minor for item in items)
    tax = sum(item.tax_minor for item in items)

    def leg(account: str, customer_id: UUID | None, side: int, minor: int) -> Leg:
        debit, credit = (minor, 0) if side > 0 else (0, minor)
        return Leg(entry_id, account, customer_id, first.currency, debit, credit)

    legs = [leg(RECEIVABLES, item.customer_id, rule.side, item.amount_minor) for item in items]
    if amount != tax:
        legs.append(leg(first.contra or rule.contra, None, -rule.side, amount - tax))
    if tax:
        legs.append(leg(OUTPUT_TAX, None, -rule.side, tax))
    if rule.memo:
        debit, credit = rule.memo
        legs += [leg(debit, None, 1, amount), leg(credit, None, -1, amount)]
    return legs
