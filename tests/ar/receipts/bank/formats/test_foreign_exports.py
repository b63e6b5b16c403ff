"""Exports of banks that nobody has prepared for are read right, or asked about; never silently wrong."""

# ruff: noqa: E501 - rows as banks write them
from __future__ import annotations

import pytest

from ar.receipts.bank.formats.events import Line
from ar.receipts.bank.formats.tables.words import state_of
from tests.ar.receipts.bank.formats.foreign_exports import FOREIGN, Foreign
from tests.ar.receipts.bank.formats.test_table_questions import moved, questions
from tests.ar.receipts.bank.samples import events, lines


@pytest.mark.parametrize("export", FOREIGN.values(), ids=FOREIGN)
def test_what_is_booked_is_read_with_its_direction_and_payer(export: Foreign) -> None:
    assert (moved(events(export.text)), questions(export.text)) == (export.booked, [])
    if export.payer != ("", ""):
        first = next(each for each in events(export.text) if isinstance(each, Line))
        assert (first.payer_name, first.payer_account) == export.payer


def test_a_state_under_a_header_that_does_not_say_so_is_a_state() -> None:
    text = FOREIGN["sparkasse_camt"].text
    assert [each.status for each in lines(text)] == ["booked", "booked", "pending"]


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Umsatz vorgemerkt", "pending"),
        ("Umsatz gebucht", "booked"),
        ("not yet booked", "pending"),
        ("nicht gebucht", "pending"),
        ("Payment failed", "skip"),
        ("completed", "booked"),
        ("a remark in some words that says completed", None),
    ],
)
def test_a_short_phrase_is_read_word_by_word(word: str, state: str | None) -> None:
    assert state_of(word) == state


def test_a_reference_of_the_payer_is_no_identity_of_the_movement() -> None:
    """Two payments of one reference are two movements: "Reference" is what the payer wrote."""
    text = "Date,Amount,Balance,Reference,Payer\n2026-11-13,10.00,110.00,INV-2026-17,A\n2026-11-14,-1.00,109.00,RENT-11,B\n"
    assert [(each.entry_id, each.remittance) for each in lines(text)] == [("", "INV-2026-17"), ("", "RENT-11")]


def test_the_net_amount_is_what_moved_where_a_service_kept_its_fee() -> None:
    text = (
        "Created,Amount,Fee,Net,Description\n2026-11-13,100.00,3.20,96.80,INV-1\n2026-11-14,-50.00,0.00,-50.00,payout\n"
    )
    assert moved(events(text)) == [96_80, -50_00]
