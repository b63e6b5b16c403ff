"""How lines of quotations and contracts are typed, and at which field of a form each refusal stands."""

from __future__ import annotations

from typing import Final

from ar.sales.contracts.inputs import ContractLineInput, QuotationLine
from ar.sales.line_forms import LineForm

QUOTATION_LINES: Final = LineForm(
    model=QuotationLine,
    cells={"product": "product", "specification": "specification", "unit": "unit", "price": "unit_price"},
    pasted=("product", "specification", "unit", "price"),
    optional="specification",
)
CONTRACT_LINES: Final = LineForm(
    model=ContractLineInput,
    cells={
        "product": "product",
        "specification": "specification",
        "quantity": "quantity",
        "unit": "unit",
        "price": "unit_price",
    },
    pasted=("product", "quantity", "unit", "price", "specification"),
    optional="unit",
)
FILE_FIELDS: Final = dict.fromkeys(
    ("contract_file_missing", "contract_file_size", "contract_file_heic", "contract_file_kind"), "file"
)
QUOTATION_REFUSALS: Final = {"quotation_days": "valid_to", "line_twice": "lines"}
CONTRACT_REFUSALS: Final = FILE_FIELDS | {
    "contract_number_taken": "number",
    "contract_deal_taken": "deal_ref",
    "contract_supplement_of": "supplements_id",
    "contract_supplement_prices": "lines",
    "contract_replaces": "replaces_id",
    "contract_days": "ends_on",
    "line_twice": "lines",
    "amount_unreadable": "amount",
    "amount_not_positive": "amount",
    "quotation_not_found": "quotation_id",
}
