"""What is a signature on a delivery note, and what is none."""

from __future__ import annotations

import pytest

from ar.sales.rules.signatures import (
    Channel,
    Evidence,
    Expected,
    has_stroke,
    is_legible,
    parse_strokes,
    signature_fault,
    strokes_svg,
)

DIRECT = Expected("direct")
STROKE = [[(10, 10), (60, 40), (120, 20)]]


@pytest.mark.parametrize("name", ["李", "李明", "Ng", "J. Smith", "Ægir", "محمد"])
def test_a_name_can_be_read(name: str) -> None:
    assert is_legible(name)


@pytest.mark.parametrize("name", ["", " ", "x", ".", "--", "123", "J.", "✓", "😀"])
def test_no_name_can_be_read(name: str) -> None:
    assert not is_legible(name)


def test_an_empty_pad_without_a_legible_name_is_no_signature() -> None:
    for strokes in ([], [[]], [[(5, 5)]], [[(5, 5), (5, 6), (6, 6)]]):
        for name in ("", "x", "."):
            assert signature_fault("driver", DIRECT, Evidence(name, False, strokes), "") == "sign_off_no_signature"


def test_on_the_phone_a_photo_or_strokes_or_a_legible_name_will_do() -> None:
    assert signature_fault("driver", DIRECT, Evidence("", True), "") is None
    assert signature_fault("driver", DIRECT, Evidence("", False, STROKE), "") is None
    assert signature_fault("driver", DIRECT, Evidence("王芳", False), "") is None
    assert signature_fault("driver", DIRECT, Evidence("x", False, STROKE), "") == "sign_off_name_illegible"


@pytest.mark.parametrize(
    ("channel", "code"), [("scan", "sign_off_file_missing"), ("carrier", "sign_off_carrier_proof_missing")]
)
def test_a_scan_and_a_carriers_proof_are_files(channel: Channel, code: str) -> None:
    assert signature_fault(channel, DIRECT, Evidence("王芳", False, STROKE), "") == code
    assert signature_fault(channel, DIRECT, Evidence("王芳", True), "") is None


def test_goods_picked_up_are_signed_for_by_the_person_named() -> None:  # R100
    named = Expected("pick_up", "陈静")
    assert signature_fault("scan", named, Evidence("陈静", True), "") is None
    assert signature_fault("scan", named, Evidence("", True), "") == "sign_off_picker_up_missing"
    assert signature_fault("scan", named, Evidence("刘洋", True), "") == "sign_off_other_person"
    assert signature_fault("scan", named, Evidence("刘洋", True), "陈静的授权书在附件中") is None


def test_strokes_are_read_within_the_pad_and_anything_else_is_refused() -> None:
    assert parse_strokes("") == []
    assert parse_strokes("[[[-5, 10.4], [900, 999]]]") == [[(0, 10), (600, 200)]]
    for text in ("{}", "[[1]]", "[[[1, 2, 3]]]", '[[["a", 1]]]', "[[[true, 1]]]", "[" * 50_000):
        with pytest.raises(ValueError, match="strokes"):
            parse_strokes(text)
    assert parse_strokes("[[[Infinity, NaN]]]") == [[(600, 0)]]
    with pytest.raises(ValueError, match="Expecting"):
        parse_strokes("nonsense")
    with pytest.raises(ValueError, match="strokes"):
        parse_strokes(str([[[1, 1]] * 6000]))


def test_the_picture_holds_what_was_drawn() -> None:
    assert has_stroke(STROKE)
    assert b"M10 10 L60 40 L120 20" in strokes_svg(STROKE)
