"""Every word that a reader of bank files can give is a sentence, in each case."""

from __future__ import annotations

import re
from pathlib import Path

from app.messages import MESSAGES
from ar.receipts.bank import formats
from ar.receipts.bank.messages import FINDINGS, finding_text, format_text

CODE = re.compile(r'(?:Unreadable|Refused|Problem|Question|ask)\((?:[\w.]+, )?"(\w+)"')


def test_every_code_of_the_readers_has_a_sentence() -> None:
    folder = Path(str(formats.__file__)).parent
    codes = {code for path in folder.rglob("*.py") for code in CODE.findall(path.read_text(encoding="utf-8"))}
    assert len(codes) > 15
    assert codes <= FINDINGS.keys() | MESSAGES.keys()


def test_a_day_and_a_difference_are_said_as_people_say_them() -> None:
    assert finding_text("no_such_day", {"found": "160230", "day": 30, "month": 2}) == (
        "“160230” is not a date: there is no 30 February."
    )
    params = {"number": "7", "off_minor": -1_234_50, "currency": "EUR", "account": "x"}
    assert finding_text("balance_differs", params).endswith("by −1,234.50 EUR.")


def test_a_format_is_named_with_its_bank() -> None:
    assert format_text("csv-icbc") == "CSV · 工行 ICBC"
    assert format_text("camt053") == "camt.053"
