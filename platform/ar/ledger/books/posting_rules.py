"""The chart of accounts and how each kind of document is booked: one table, pure.

Imports the books' values only. Invariants: a document's receivables legs equal its open items; what a recipe does
not name cannot be booked; account codes are stable, their numbers those of the usual Chinese chart.
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


class Recipe(NamedTuple):
    """How a kind of document is booked: `side` +1 debits the receivables, -1 credits them; `contra` takes the rest.

    `instead`: accounts a caller may name in place of `contra`. `taxed`: output tax may be split off the contra leg.
    `memo`: accounts debited and credited beside it with the same amount, off the balance sheet (R234).
    """

    side: int
    contra: str
    instead: tuple[str, ...] = ()
    taxed: bool = False
    memo: tuple[str, str] | None = None


_MONEY = ("bank", "cash", "customer_deposits")
RECIPES: Final[dict[str, Recipe]] = {
    "opening": Recipe(1, "opening_balance"),
    "invoice": Recipe(1, "revenue", taxed=True),
    "debit_note": Recipe(1, "revenue", taxed=True),
    "interest": Recipe(1, "interest_income", taxed=True),
    "refund": Recipe(1, "bank", _MONEY),
    "recovery": Recipe(1, "allowance", memo=("written_off_contra", "written_off")),
    "credit_note": Recipe(-1, "returns", taxed=True),
    "goods_return": Recipe(-1, "returns", taxed=True),
    "receipt": Recipe(-1, "bank", _MONEY),
    "bill": Recipe(-1, "notes_receivable"),
    "discount": Recipe(-1, "discounts_allowed", taxed=True),
    "write_off": Recipe(-1, "small_differences"),
    "interest_waiver": Recipe(-1, "interest_income", taxed=True),
    "bad_debt": Recipe(-1, "allowance", memo=("written_off", "written_off_contra")),
}


def legs_of(items: Sequence[NewItem], entry_id: UUID) -> list[Leg]:
    """The legs of one document's entry: a receivables leg per item, then the contra, the tax, the memorandum."""
    first = items[0]
    recipe = RECIPES[first.kind]
    amount = sum(item.amount_minor for item in items)
    tax = sum(item.tax_minor for item in items)

    def leg(account: str, customer_id: UUID | None, side: int, minor: int) -> Leg:
        debit, credit = (minor, 0) if side > 0 else (0, minor)
        return Leg(entry_id, account, customer_id, first.currency, debit, credit)

    legs = [leg(RECEIVABLES, item.customer_id, recipe.side, item.amount_minor) for item in items]
    if amount != tax:
        legs.append(leg(first.contra or recipe.contra, None, -recipe.side, amount - tax))
    if tax:
        legs.append(leg(OUTPUT_TAX, None, -recipe.side, tax))
    if recipe.memo:
        debit, credit = recipe.memo
        legs += [leg(debit, None, 1, amount), leg(credit, None, -1, amount)]
    return legs
