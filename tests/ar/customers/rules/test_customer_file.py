"""What a customer file must hold, and what of it is missing on a day (R020 to R025, A11)."""

from __future__ import annotations

from datetime import date

import pytest

from ar.customers.rules.customer_file import (
    DEFAULT_FILE_POLICY,
    CustomerFileFacts,
    DocumentFacts,
    Gap,
    find_gaps,
    gap_codes,
)

MAY_2026 = date(2026, 5, 10)


def _document(
    kind: str, state: str = "verified", received: date = MAY_2026, expires: date | None = None
) -> DocumentFacts:
    return DocumentFacts(kind, state, received, expires)


def _gaps(
    today: date, *documents: DocumentFacts, form: str = "company", unified: bool = True, doubtful: bool = False
) -> list[str]:
    facts = CustomerFileFacts(form, unified, doubtful, documents)
    return [gap.code for gap in find_gaps(facts, DEFAULT_FILE_POLICY, today)]


@pytest.mark.parametrize(
    ("form", "unified", "missing"),
    [
        ("company", True, ["licence", "representative_id", "vat_payer"]),
        ("company", False, ["licence", "tax_registration", "representative_id", "vat_payer"]),
        # The operator's document stands in place of the legal representative's (R022).
        ("sole_trader", False, ["licence", "tax_registration", "operator_id"]),
        ("person", False, ["operator_id"]),
        ("government", True, ["institution_certificate"]),
        ("institution", True, ["institution_certificate"]),
        ("foreign_company", False, ["register_extract", "representative_id"]),
        ("a form of old books", True, ["licence", "representative_id", "vat_payer"]),
    ],
)
def test_an_empty_file_lacks_what_its_legal_form_owes(form: str, unified: bool, missing: list[str]) -> None:
    assert _gaps(MAY_2026, form=form, unified=unified) == [f"missing:{kind}" for kind in missing]


def test_a_document_counts_once_somebody_has_verified_it_and_through_its_last_day() -> None:
    def operator(today: date, *documents: DocumentFacts) -> list[str]:
        return _gaps(today, *documents, form="person")

    end = date(2026, 12, 31)
    for state, codes in (
        ("uploaded", ["unverified:operator_id"]),
        ("verified", []),
        ("archived", []),
        ("rejected", ["missing:operator_id"]),
        ("replaced", ["missing:operator_id"]),
    ):
        assert operator(MAY_2026, _document("operator_id", state, expires=end)) == codes
    good = _document("operator_id", expires=end)
    assert operator(date(2026, 12, 1), good) == ["lapsing:operator_id"]
    assert operator(end, good) == ["lapsing:operator_id"]
    assert operator(date(2027, 1, 1), good) == ["expired:operator_id"]
    newer = _document("operator_id", "uploaded", date(2026, 12, 20), date(2036, 12, 19))
    assert operator(end, good, newer) == [], "the older one is good until its end, the newer one waits"
    assert operator(date(2027, 1, 1), good, newer) == ["unverified:operator_id"]


@pytest.mark.parametrize(
    ("received", "today", "codes"),
    [
        (date(2025, 6, 1), date(2026, 4, 30), []),
        (date(2025, 6, 1), date(2026, 5, 1), ["lapsing:licence"]),
        (date(2025, 6, 1), date(2026, 6, 30), ["lapsing:licence"]),
        (date(2025, 6, 1), date(2026, 7, 1), ["expired:licence"]),
        (date(2026, 5, 1), date(2026, 7, 1), []),
        (date(2026, 1, 1), date(2027, 4, 30), []),
        (date(2025, 12, 31), date(2026, 7, 1), ["expired:licence"]),
    ],
)
def test_the_licence_is_collected_anew_in_may_and_june_of_each_year(
    received: date, today: date, codes: list[str]
) -> None:
    rest = [_document(kind, received=received) for kind in ("representative_id", "vat_payer")]
    assert _gaps(today, _document("licence", received=received), *rest) == codes


def test_a_licence_that_ends_inside_the_year_ends_on_its_own_day() -> None:
    facts = CustomerFileFacts("company", True, False, [_document("licence", expires=date(2026, 9, 15))])
    (licence, *_rest) = find_gaps(facts, DEFAULT_FILE_POLICY, date(2026, 9, 16))
    assert licence == Gap("licence", licence.fault, date(2026, 9, 15))
    assert licence.code == "expired:licence"


def test_a_number_that_contradicts_itself_keeps_the_gate_closed_and_a_lapsing_document_does_not() -> None:
    end = date(2026, 5, 20)
    facts = CustomerFileFacts("person", False, True, [_document("operator_id", expires=end)])
    gaps = find_gaps(facts, DEFAULT_FILE_POLICY, MAY_2026)
    assert [gap.code for gap in gaps] == ["unverified:tax_id", "lapsing:operator_id"]
    assert gap_codes(gaps) == ["unverified:tax_id"]
