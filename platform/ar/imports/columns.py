"""Defines the canonical columns of each kind of file; their other headers and words are data.

Invariant: a header or word belongs to at most one column or value within its kind of file (a test checks it), so no
column is mapped ambiguously. `presets/headers.json` lists the headers in the order of preference.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal, get_args

from kernel.i18n import mark
from kernel.sheets import header_key
from kernel.sheets.mapping import Shape, Target

FileKind = Literal["customers", "open-items", "receipts", "limits", "orders", "deliveries", "sign-offs"]
FILE_KINDS: Final[tuple[FileKind, ...]] = get_args(FileKind)

_DATA: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "presets" / "headers.json").read_text(encoding="utf-8")
)


def _target(kind: FileKind, name: str, required: bool, label: str, sample: str, shape: Shape) -> Target:
    headers = {key: tuple(found) for key, found in _DATA["columns"][kind][name].items()}
    return Target(name, required, label, sample=sample, shape=shape, **headers)


def _words(of: str) -> dict[str, tuple[str, ...]]:
    return {value: tuple(others) for value, others in _DATA["words"][of].items()}


FIELDS: Final[dict[FileKind, tuple[Target, ...]]] = {
    "customers": (
        _target("customers", "customer_no", True, mark("Customer number"), "00017", "text"),
        _target("customers", "name", True, mark("Name"), "深圳华芯电子有限公司", "text"),
        _target("customers", "entity_type", False, mark("Entity type"), "公司", "text"),
        _target("customers", "tax_id", False, mark("Tax id"), "", "text"),
        _target("customers", "owner_email", False, mark("Owner's e-mail"), "", "email"),
        _target("customers", "contact_name", False, mark("Contact"), "王敏", "text"),
        _target("customers", "contact_email", False, mark("Contact's e-mail"), "ap@example.com", "email"),
        _target("customers", "term_days", False, mark("Credit term in days"), "30", "number"),
        _target("customers", "settlement_days", False, mark("Settlement days"), "5", "text"),
        _target("customers", "language", False, mark("Language"), "zh_CN", "text"),
        _target("customers", "owner", False, mark("Salesperson"), "", "text"),
    ),
    "open-items": (
        _target("open-items", "customer_no", True, mark("Customer number"), "00017", "text"),
        _target("open-items", "customer_name", False, mark("Customer name"), "深圳华芯电子有限公司", "text"),
        _target("open-items", "document_no", True, mark("Document number"), "INV-2026-0001", "text"),
        _target("open-items", "kind", True, mark("Document type"), "发票", "word"),
        _target("open-items", "document_date", True, mark("Document date"), "2026-09-30", "date"),
        _target("open-items", "due_date", False, mark("Due date"), "2026-10-30", "date"),
        _target("open-items", "currency", True, mark("Currency"), "CNY", "currency"),
        _target("open-items", "amount", True, mark("Amount"), "12800.50", "amount"),
        _target("open-items", "owner", False, mark("Salesperson"), "", "text"),
        _target("open-items", "debit", False, mark("Debit"), "", "amount"),
        _target("open-items", "credit", False, mark("Credit"), "", "amount"),
    ),
    "receipts": (
        _target("receipts", "customer_no", True, mark("Customer number"), "00017", "text"),
        _target("receipts", "receipt_no", True, mark("Receipt number"), "RC-2026-0001", "text"),
        _target("receipts", "received_on", True, mark("Received on"), "2026-10-28", "date"),
        _target("receipts", "currency", True, mark("Currency"), "CNY", "currency"),
        _target("receipts", "amount", True, mark("Amount"), "10000.00", "amount"),
        _target("receipts", "applies_to", False, mark("Pays documents"), "INV-2026-0001:10000.00", "text"),
    ),
    "limits": (
        _target("limits", "customer_no", True, mark("Customer number"), "00017", "text"),
        _target("limits", "currency", True, mark("Currency"), "CNY", "currency"),
        _target("limits", "limit", True, mark("Credit limit"), "500000.00", "amount"),
        _target("limits", "term_days", False, mark("Credit term in days"), "30", "number"),
        _target("limits", "valid_from", True, mark("Valid from"), "2026-07-01", "date"),
        _target("limits", "valid_to", False, mark("Valid through"), "2026-12-31", "date"),
        _target("limits", "grade", False, mark("Credit grade"), "A", "text"),
        _target("limits", "reason", False, mark("Reason"), "", "text"),
    ),
    "orders": (
        _target("orders", "order_no", True, mark("Order number"), "SO-2026-0001", "text"),
        _target("orders", "customer_no", True, mark("Customer number"), "00017", "text"),
        _target("orders", "order_date", True, mark("Order date"), "2026-11-02", "date"),
        _target("orders", "currency", True, mark("Currency"), "CNY", "currency"),
        _target("orders", "term_days", False, mark("Credit term in days"), "30", "number"),
        _target("orders", "line_no", True, mark("Order line"), "1", "number"),
        _target("orders", "product", True, mark("Product"), "蓝牙音箱 T8", "text"),
        _target("orders", "quantity", True, mark("Quantity"), "100", "number"),
        _target("orders", "unit", False, mark("Unit"), "件", "text"),
        _target("orders", "unit_price", True, mark("Unit price with tax"), "128.00", "amount"),
        _target("orders", "tax_rate", False, mark("Tax rate"), "13%", "text"),
    ),
    "deliveries": (
        _target("deliveries", "delivery_no", True, mark("Delivery note number"), "DN-2026-0001", "text"),
        _target("deliveries", "order_no", True, mark("Order number"), "SO-2026-0001", "text"),
        _target("deliveries", "shipped_on", True, mark("Shipped on"), "2026-11-05", "date"),
        _target("deliveries", "mode", False, mark("Mode of delivery"), "自提", "text"),
        _target("deliveries", "line_no", True, mark("Order line"), "1", "number"),
        _target("deliveries", "quantity", True, mark("Quantity"), "60", "number"),
    ),
    "sign-offs": (
        _target("sign-offs", "delivery_no", True, mark("Delivery note number"), "DN-2026-0001", "text"),
        _target("sign-offs", "signed_on", True, mark("Signed on"), "2026-11-08", "date"),
        _target("sign-offs", "signed_by", True, mark("Signed by"), "王敏", "text"),
    ),
}

#: Kinds of documents of other systems by their usual words; `receipt` is a payment that still stands open.
KIND_WORDS: Final = _words("kind")
ENTITY_WORDS: Final = _words("entity")
CURRENCY_WORDS: Final = _words("currency")
LANGUAGE_WORDS: Final = _words("language")
MODE_WORDS: Final = _words("mode")
#: Words in the place of a limit that say that there is no end to it.
UNLIMITED_WORDS: Final = _words("unlimited")

#: Canonical name → label; a name means the same in every kind of file (a test walks them).
LABELS: Final[dict[str, str]] = {each.name: each.label for columns in FIELDS.values() for each in columns}


def fields(kind: FileKind) -> tuple[Target, ...]:
    """Returns the canonical columns of a kind of file, in order."""
    return FIELDS[kind]


def words(table: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Returns compared word → value; the value itself is among the words."""
    return {header_key(word): value for value, others in table.items() for word in (value, *others)}
