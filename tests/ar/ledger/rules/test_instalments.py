"""Names of instalments: written once, and found again by the document's bare number."""

from __future__ import annotations

import pytest

from ar.ledger.rules.instalments import document_label, is_named


@pytest.mark.parametrize(
    ("label", "number", "named"),
    [
        (document_label("INV-7", 1, 2), "INV-7", True),
        (document_label("INV-7", 2, 2), "INV-7 (2/2)", True),
        (document_label("INV-7", 3), "INV-7", True),
        (document_label("INV-7", 0), "INV-7", True),
        (document_label("INV-7", 1, 2), "INV-7 (2/2)", False),
        (document_label("INV-70", 1, 2), "INV-7", False),
        (document_label("INV (2024)", 0), "INV (2024)", True),
    ],
)
def test_an_instalment_is_found_by_its_name_and_by_its_documents_number(label: str, number: str, named: bool) -> None:
    assert is_named(label, number) is named
