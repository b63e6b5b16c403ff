"""What a scanner typed, and the numbers that it can mean."""

from __future__ import annotations

import pytest

from ar.sales.rules.scans import readings

NUMBER = "DL-2026-000010"


@pytest.mark.parametrize(
    "typed",
    [
        NUMBER,
        "dl-2026-000010",
        f"  {NUMBER} ",
        f"]C1{NUMBER}",
        f"]Q3{NUMBER}",
        f"*{NUMBER}*",
        f"\x02{NUMBER}\x03",
        f"{NUMBER}\x1d",
        f"A{NUMBER}",
        f"{NUMBER};",
        "ＤＬ－２０２６－０００010",
        f"https://scan.example/{NUMBER}?x=1",
    ],
)
def test_a_number_is_read_whatever_the_scanner_puts_around_it(typed: str) -> None:
    assert NUMBER in readings(typed, "DL")


def test_the_very_text_comes_first_and_other_numbers_keep_their_signs() -> None:
    assert readings("*7*", "DL") == ["*7*", "7"]
    assert readings("]C1/88-b#", "DL") == ["]C1/88-B#", "/88-B#", "88-B"]
    assert readings("送-7", "DL") == ["送-7"]
    assert readings("", "DL") == []


def test_of_two_running_numbers_the_first_is_read() -> None:
    assert readings(f"{NUMBER} DL-2026-000011", "DL")[-1] == NUMBER
