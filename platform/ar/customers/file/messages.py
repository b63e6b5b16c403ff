"""Defines the texts of the customer file: kinds of documents, gaps, error codes."""

from __future__ import annotations

from collections.abc import Iterable

from kernel.i18n import gettext as _
from kernel.i18n import mark

DOCUMENT_LABELS: dict[str, str] = {
    "licence": mark("Business licence (annual inspection or report)"),
    "tax_registration": mark("Tax registration"),
    "representative_id": mark("Identity document of the legal representative"),
    "vat_payer": mark("Certificate of general VAT payer"),
    "operator_id": mark("Identity document of the operator"),
    "institution_certificate": mark("Certificate of the institution's legal personality"),
    "register_extract": mark("Extract of the company register"),
    "tax_confirmation": mark("Confirmation of the VAT or tax number"),
    "other": mark("Other document"),
    "tax_id": mark("Tax or register number"),
}
#: What is wrong with one part of the file, by `ar.customers.rules.customer_file.Fault`.
GAP_SENTENCES: dict[str, str] = {
    "missing": mark("%(document)s: missing"),
    "unverified": mark("%(document)s: not verified yet"),
    "expired": mark("%(document)s: expired"),
    "lapsing": mark("%(document)s: to be renewed"),
}


def gap_sentences(codes: Iterable[str]) -> list[str]:
    """Returns the gaps of `ar.customers.lookups.file_gaps` in words, in the current language."""
    said = []
    for code in codes:
        fault, _colon, kind = code.partition(":")
        said.append(_(GAP_SENTENCES[fault]) % {"document": _(DOCUMENT_LABELS[kind])})
    return said
