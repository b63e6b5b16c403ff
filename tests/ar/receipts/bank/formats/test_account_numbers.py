"""One account is found however the bank and we write its number; two accounts are never taken for one."""

from __future__ import annotations

import pytest

from ar.receipts.bank.formats.account_numbers import contradict, is_iban, matching

DE, AT, NL, GB = "DE89370400440532013000", "AT611904300234573201", "NL91ABNA0417164300", "GB29NWBK60161331926819"
CZ, PL, CH, ES = (
    "CZ6508000000192000145399",
    "PL61109010140000071219812874",
    "CH9300762011623852957",
    "ES9121000418450200051332",
)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (DE, "37040044/0532013000"),
        (DE, "37040044/532013000"),
        (DE, "37040044 532013000"),
        (DE, "370400440532013000"),
        (DE, "DE89 3704 0044 0532 0130 00"),
        (DE, "DE89370400440532013000EUR"),
        (DE, "0532013000"),
        (DE, "532013000"),
        (AT, "19043/00234573201"),
        (AT, "19043/234573201"),
        (AT, "234573201"),
        (NL, "0417164300"),
        (NL, "417164300"),
        (NL, "NL91ABNA0417164300 EUR"),
        (GB, "60-16-13 31926819"),
        (GB, "601613/31926819"),
        (GB, "60161331926819"),
        (GB, "31926819"),
        (CZ, "192000145399/0800"),
        (CZ, "19-2000145399/0800"),
        (PL, "61109010140000071219812874"),
        (PL, "61 1090 1014 0000 0712 1981 2874"),
        (CH, "0076 2011 6238 5295 7"),
        (ES, "2100 0418 45 0200051332"),
        ("37040044/0532013000", "37040044/532013000"),
        ("6222 0210-0111", "622202100111"),
    ],
)
def test_one_account_is_found_by_each_of_its_spellings_from_either_side(ours: str, theirs: str) -> None:
    assert matching(theirs, [(ours, "ours"), ("DE12500105170648489890", "other")]) == "ours"
    assert matching(ours, [(theirs, "ours"), ("DE12500105170648489890", "other")]) == "ours"
    assert not contradict(ours, theirs)


@pytest.mark.parametrize(
    "theirs", ["50010517/0532013000", "37040044/0532013001", "DE12500105170648489890", "", "13000", "0000", "30/00"]
)
def test_another_bank_or_account_is_not_ours(theirs: str) -> None:
    assert matching(theirs, [(DE, "ours")]) is None


def test_an_account_alone_is_not_enough_where_two_of_ours_have_it() -> None:
    other_bank = "50010517/0532013000"
    assert matching("532013000", [(DE, "one"), (other_bank, "two")]) is None
    assert matching("37040044/532013000", [(DE, "one"), (other_bank, "two")]) == "one"


@pytest.mark.parametrize(
    ("one", "two", "are_two"),
    [
        (DE, "DE12500105170648489890", True),
        ("6222021001116245702", "6222021001116245703", True),
        (DE, "6222021001116245702", False),  # written in two ways: a person may know better
        (DE, "", False),
        ("1234", "1235", False),
    ],
)
def test_two_numbers_contradict_only_where_they_are_written_the_same_way(one: str, two: str, are_two: bool) -> None:
    assert contradict(one, two) is are_two


def test_an_iban_is_known_by_its_check_digits() -> None:
    assert all(map(is_iban, (DE, AT, NL, GB, CZ, PL, CH, ES)))
    assert not is_iban("DE88370400440532013000")
    # 98 is computed; 01 leaves the same remainder (findings/stdnum_second_check_digits.sh).
    assert is_iban("DE98370400440532013032")
    assert not is_iban("DE01370400440532013032")
