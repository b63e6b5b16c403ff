"""Sentences of refusals: amounts are written out, wherever the sentence is read."""

from __future__ import annotations

from app.messages import message_of, sentence_of
from ar.imports.messages import failure_text
from kernel.errors import Conflict, HuikuanError

TOO_MUCH = Conflict("allocation_exceeds_open", document_no="INV-1", open_minor=1_234_50, currency="CNY")
SAID = "At most 1,234.50: no more is open on INV-1."


def test_an_amount_in_minor_units_is_written_as_an_amount_of_its_currency() -> None:
    assert sentence_of(TOO_MUCH) == SAID
    yen = Conflict("allocation_exceeds_open", document_no="INV-1", open_minor=1_234, currency="JPY")
    assert sentence_of(yen) == "At most 1,234: no more is open on INV-1."


def test_an_import_that_failed_for_it_says_the_same() -> None:
    assert failure_text(TOO_MUCH.code, TOO_MUCH.params) == SAID


def test_an_error_that_nobody_wrote_a_sentence_for_has_none_and_is_named_by_its_code() -> None:
    unknown = HuikuanError("nobody_wrote_this")
    assert (sentence_of(unknown), message_of(unknown)) == (None, "nobody_wrote_this")
