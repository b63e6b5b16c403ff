"""How the lines of an order are typed, what a contract offers for them, and where each refusal of the form stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.sales.contracts.basis import contract_basis
from ar.sales.line_forms import LineForm, Row, bps_of_percent, row_of
from ar.sales.orders.inputs import LineInput
from ar.sales.orders.pages.queries import customer_no

LINES: Final = LineForm(
    model=LineInput,
    cells={
        "product": "product",
        "quantity": "quantity",
        "unit": "unit",
        "price": "unit_price",
        "tax": "tax_rate_bps",
    },
    pasted=("product", "quantity", "unit", "price", "tax"),
    optional="unit",
    convert={"tax": bps_of_percent},
)
REFUSALS: Final = {
    "order_number_taken": "number",
    "order_contract_unknown": "contract_id",
    "order_currency_fixed": "currency",
    "customer_retired": "customer_no",
    "order_line_twice": "lines",
    "order_too_large": "lines",
    "order_line_shipped": "lines",
    "order_line_noted": "lines",
}


def order_row(values: Mapping[str, str]) -> Row:
    """Returns the row of a stored line; its tax rate in per cent."""
    bps = values["tax_rate_bps"]
    return row_of(LINES, values) | {"tax": f"{int(bps) / 100:g}" if bps else ""}


def rows_of_contract(db: Session, tenant_id: UUID, contract_id: UUID) -> tuple[list[Row], dict[str, Any]]:
    """Returns rows that offer what a contract prices, and what the head takes from it."""
    basis = contract_basis(db, tenant_id, contract_id)
    if basis is None:
        return [], {}
    rows = [
        {"no": "", "product": each.product, "unit": each.unit, "quantity": "", "tax": "", "offer": "1"}
        | {"price": format(each.unit_price.normalize(), "f")}
        for each in basis.prices
    ]
    number = customer_no(db, tenant_id, basis.customer_id)
    return rows, {"customer_no": number, "contract_id": str(basis.id), "currency": basis.currency}
