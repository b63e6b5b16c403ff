"""Tax and register numbers: which ones contradict themselves, and what is never taken in silence (A11)."""

from __future__ import annotations

import pytest

from ar.customers.rules.identity_numbers import doubt_about, is_identity_card, is_unified_code

#: An identity-card number that happens to fit as a unified social credit code as well.
FITS_BOTH = "110105197001010054"


@pytest.mark.parametrize(
    ("form", "number", "doubt"),
    [
        ("company", "91350100M000100Y43", None),
        ("company", "91 350100 M000100Y43", None),
        ("company", "９１３５０１００m000100y43", None),
        ("company", "91350100M000100Y44", "check_character"),
        ("company", "91350100I000100Y43", "check_character"),
        ("company", "91350100M000100Y4", "length"),
        ("company", "91350100M000100Y433", "length"),
        ("a form of old books", "91350100M000100Y44", "check_character"),
        # Codes of authorities with a letter: rural collectives, others (findings/stdnum_numbers_of_china.sh).
        ("institution", "N2330110MF1234567D", None),
        ("institution", "Y1110000000000001U", None),
        ("company", "350100100010012", None),
        ("company", "", None),
        ("sole_trader", FITS_BOTH, None),
        ("person", FITS_BOTH, None),
        ("person", "110105197001010055", "check_character"),
        # Born in 1985 with the code of a district of 1993: true, as numbers were assigned with the first card.
        ("person", "440306198501010016", None),
        ("company", "DE136695976", None),
        ("foreign_company", "DE136695978", "vat"),
        ("foreign_company", "EL094259216", None),
        ("foreign_company", "213800KUD8LAJWSQ9D15", None),
        ("foreign_company", "213800KUD8LAJWSQ9D16", "lei"),
        # 98 is computed; 01 leaves the same remainder (findings/stdnum_second_check_digits.sh).
        ("foreign_company", "52990035T8BM49AURS98", None),
        ("foreign_company", "52990035T8BM49AURS01", "lei"),
        ("foreign_company", "07 1234567 of Delaware", None),
    ],
)
def test_a_number_that_contradicts_itself_is_doubted_and_no_other(form: str, number: str, doubt: str | None) -> None:
    assert doubt_about(form, number) == doubt


def test_a_code_whose_check_value_is_0_is_valid_and_ends_in_0() -> None:
    assert is_unified_code("91310000MA1FL00030")
    assert doubt_about("company", "91310000MA1FL00030") is None


def test_an_identity_card_number_that_happens_to_fit_is_never_taken_in_silence_as_a_companys_code() -> None:
    assert is_identity_card(FITS_BOTH)
    assert not is_unified_code(FITS_BOTH)
    assert {doubt_about(form, FITS_BOTH) for form in ("company", "government", "institution", "foreign_company")} == {
        "identity_card"
    }
