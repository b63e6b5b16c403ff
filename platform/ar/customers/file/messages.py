"""Defines the texts of the customer file: kinds of documents, gaps, error codes, journal events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ar.customers.rules.customer_file import Gap
from kernel.i18n import gettext as _
from kernel.i18n import mark
from kernel.uploads import HEIC
from tenants.slice import Event, FactMaker

DOCUMENT_LABELS: Final[dict[str, str]] = {
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
#: State of a document → name and tone.
DOCUMENT_STATES: Final[dict[str, tuple[str, str]]] = {
    "uploaded": (mark("To be verified"), "warn"),
    "verified": (mark("Verified"), "ok"),
    "archived": (mark("Verified and archived"), "ok"),
    "rejected": (mark("Rejected"), "late"),
    "replaced": (mark("Replaced"), "quiet"),
}
#: What is wrong with one part of the file, by `ar.customers.rules.customer_file.Fault`.
GAP_SENTENCES: Final[dict[str, str]] = {
    "missing": mark("%(document)s: missing"),
    "unverified": mark("%(document)s: not verified yet"),
    "expired": mark("%(document)s: expired"),
    "lapsing": mark("%(document)s: to be renewed"),
}
#: The same with its day.
DATED_GAPS: Final[dict[str, str]] = {
    "unverified": mark("%(document)s: the new one is not verified yet, the old one was good until %(day)s"),
    "expired": mark("%(document)s: expired, it was good until %(day)s"),
    "lapsing": mark("%(document)s: to be renewed by %(day)s"),
}
SOURCE_NAMES: Final[dict[str, str]] = {
    "gsxt": mark("National enterprise credit information system"),
    "licence": mark("The original licence"),
    "vies": mark("VIES of the European Commission"),
    "gleif": mark("Register of legal entity identifiers (GLEIF)"),
    "other": mark("Another register"),
}
MESSAGES: Final[dict[str, str]] = {
    "document_not_found": mark("There is no such document in the file."),
    "document_settled": mark("Somebody has settled this document by now. Open it again to see how."),
    "file_no_document": mark("Choose the file: a scan or a photo of the document."),
    "file_document_kind": mark("“%(name)s” is no PDF, JPG or PNG. Scan or photograph the document."),
    "file_document_heic": HEIC,
    "file_document_size": mark("“%(name)s” is larger than 12 MB. Photograph it in a smaller size, or scan it."),
    "file_issued_later": mark("The day of issue is in the future."),
    "file_dates_order": mark("The last day is before the day of issue."),
    "file_expired": mark("The document has expired. Ask the customer for the one that is valid."),
    "file_end_needed": mark("Enter the last day, or say that it has none."),
    "file_own_document": mark("You uploaded this document. A colleague of finance verifies it."),
    "file_original_needed": mark("Compare the copy with the original first, and say so."),
    "file_needs_a_person": mark("Only a named person can confirm a number."),
    "number_not_doubtful": mark("Nothing speaks against the number; it needs no confirmation."),
}
EVENTS: Final[dict[str, Event]] = {
    "document_uploaded": Event(mark("Document uploaded"), "%(document_label)s %(number)s"),
    "document_verified": Event(mark("Document verified"), "%(document_label)s %(number)s", tone="ok"),
    "document_archived": Event(mark("Document archived"), "%(document_label)s: %(place)s"),
    "document_rejected": Event(mark("Document rejected"), "%(document_label)s: %(reason)s", tone="late"),
    "number_confirmed": Event(mark("Number confirmed against the register"), "%(tax_id)s: %(reason)s"),
}


def document_label(kind: str) -> str:
    """Returns a kind of document in words, in the current language."""
    return _(DOCUMENT_LABELS[kind]) if kind in DOCUMENT_LABELS else kind


def gap_sentences(codes: Iterable[str]) -> list[str]:
    """Returns the gaps of `ar.customers.lookups.file_gaps` in words, in the current language."""
    said = []
    for code in codes:
        fault, _colon, kind = code.partition(":")
        said.append(_(GAP_SENTENCES[fault]) % {"document": document_label(kind)})
    return said


def gap_sentence(gap: Gap, day: str) -> str:
    """Returns a gap in words; `day`: its day in the reader's form, empty where it has none."""
    words = DATED_GAPS if day and gap.fault in DATED_GAPS else GAP_SENTENCES
    return _(words[gap.fault]) % {"document": document_label(gap.kind), "day": day}


def _document_label(facts: Mapping[str, Any]) -> str:
    return document_label(str(facts["kind"]))


FACT_MAKERS: Final[dict[str, FactMaker]] = {"document_label": _document_label}
