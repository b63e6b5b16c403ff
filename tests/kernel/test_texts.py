"""Texts from outside: nothing unseen survives, no address that mail servers refuse is taken, look-alikes meet."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field, ValidationError

from kernel.texts import BadAddress, MailAddress, OneLine, lookalike_key, mail_address, one_line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  深圳华芯　电子  ", "深圳华芯 电子"),
        ("Evil\r\nBcc: x", "Evil Bcc: x"),
        ("two\u2028lines", "two lines"),
        ("INV\u200b-\x009\x1b", "INV-9"),
        ("\ufeff\u200b\u3164\u2060", ""),
        ("\u202egnp.exe", "gnp.exe"),
        ("葛\U000e0100 \ue863", "葛\U000e0100 \ue863"),  # a variant form and a rare character: both are seen
        ("Müller & Söhne", "Müller & Söhne"),
    ],
)
def test_a_line_has_what_a_person_sees_of_it(typed: str, kept: str) -> None:
    assert one_line(typed) == kept
    assert one_line(kept) == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ap.Team+x@HX.example", "Ap.Team+x@hx.example"),
        (" ap@hx.example\r\n", "ap@hx.example"),
        ("ap@例子.cn", "ap@xn--fsqu00a.cn"),
        ("ap@华芯.中国", "ap@xn--xkro61i.xn--fiqs8s"),
        ("ap@ｈｘ.example", "ap@hx.example"),
    ],
)
def test_an_address_is_kept_as_mail_programs_take_it(typed: str, kept: str) -> None:
    assert mail_address(typed) == kept


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("张三@例子.cn", "email_not_ascii"),
        ("ü@hx.example", "email_not_ascii"),
        *((text, "bad_email") for text in ("", "a", "a@b", "@b.cn", "a@.cn", "a..b@c.cn", ".a@c.cn", "a@-b.cn")),
        *((text, "bad_email") for text in ("a b@c.cn", "a@b.cn>", "a,b@c.cn", "a@straße.example", "x" * 65 + "@c.cn")),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_written_to_is_refused(typed: str, code: str) -> None:
    with pytest.raises(BadAddress) as refused:
        mail_address(typed)
    assert refused.value.code == code


def test_spellings_of_one_number_meet() -> None:
    assert len({lookalike_key(text) for text in ("INV-9", "inv-9", "ＩＮＶ-9", "INV -9", "INV－９")}) == 1
    assert lookalike_key("INV-9") != lookalike_key("INV-90")


class Typed(BaseModel):
    name: OneLine = Field(min_length=1, max_length=3)
    email: MailAddress = ""


def test_bounds_count_what_is_left() -> None:
    assert Typed(name="a\u200bb\u200bc ").name == "abc"
    with pytest.raises(ValidationError) as refused:
        Typed(name="\u200b \x00", email="张三@例子.cn")
    assert [error["loc"] for error in refused.value.errors()] == [("name",), ("email",)]
    assert refused.value.errors()[0]["type"] == "string_too_short"
