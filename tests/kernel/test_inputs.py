"""The base of inputs: texts without blanks at the ends, nothing unknown, nothing changed afterwards."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from kernel.inputs import CommandInput, Key, OptionalDay, OptionalText


class Sample(CommandInput):
    """An input as commands have them."""

    key: Key
    note: OptionalText = None
    on: OptionalDay = None


KEY = "0123456789abcdef"


def test_blanks_at_the_ends_of_a_text_are_dropped_and_a_blank_field_is_absent() -> None:
    read = Sample.model_validate({"key": f" {KEY} ", "note": "  ", "on": ""})
    assert (read.key, read.note, read.on) == (KEY, None, None)


def test_a_field_that_the_command_does_not_know_is_refused() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Sample.model_validate({"key": KEY, "notes": "misspelt"})


def test_an_input_does_not_change_after_it_was_read() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Sample(key=KEY).note = "later"  # type: ignore[misc]
