"""Printed papers: the same data gives the same bytes, nothing typed by a debtor can break or steer a letter."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kernel.pdf import FONTS, PrintFailed, render
from tests.kernel.print_samples import LETTER_SAMPLE, STATEMENT_SAMPLE, changed, letter, statement

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")


def pages(pdf: bytes, tmp_path: Path) -> list[str]:
    """The text of each page, as a reader would copy it."""
    path = tmp_path / "paper.pdf"
    path.write_bytes(pdf)
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True).stdout.decode()
    return text.split("\f")[:-1]


@pytest.mark.parametrize("language", ["zh_CN", "en"])
@pytest.mark.parametrize(("template", "samples"), [("statement", STATEMENT_SAMPLE), ("letter", LETTER_SAMPLE)])
def test_the_same_data_gives_the_same_bytes(template: str, samples: Any, language: str) -> None:
    first = render(template, samples[language])
    other = render(template, changed(samples[language], number="X-1"))
    again = render(template, changed(samples[language]))
    assert first == again
    assert first.pdf.startswith(b"%PDF-")
    assert first.sha256 == hashlib.sha256(first.pdf).hexdigest() != other.sha256
    assert first.missing == ()
    assert b"pdfaid:part>2<" in first.pdf


def test_rare_characters_are_printed_as_a_visible_mark_and_reported() -> None:
    name = "𠮷野㙍商贸\u200b有限公司\x0b"
    done = render("letter", changed(LETTER_SAMPLE["zh_CN"], customer={"name": name, "lines": []}))
    assert done.missing == ("㙍", "𠮷")


@needs_poppler
def test_the_mark_stands_where_the_character_was(tmp_path: Path) -> None:
    customer = {"name": "𠮷野商贸\x0b有限公司", "lines": ["C:\\n"]}
    text = pages(render("letter", changed(LETTER_SAMPLE["zh_CN"], customer=customer)).pdf, tmp_path)[0]
    assert "〓野商贸有限公司" in text
    assert "C:\\n" in text


@needs_poppler
def test_text_is_text_and_never_markup(tmp_path: Path) -> None:
    evil = '#panic("x") *b* $x$ @ref <label> // \\ "quoted" [x]'
    text = pages(render("letter", changed(LETTER_SAMPLE["en"], subject=evil)).pdf, tmp_path)[0]
    assert evil in text


@needs_poppler
def test_a_statement_shows_both_parties_every_line_and_the_closing_in_capitals(tmp_path: Path) -> None:
    sample = statement("zh_CN", 60)
    found = pages(render("statement", sample).pdf, tmp_path)
    text = "".join(found)
    assert len(found) >= 2
    for number, page in enumerate(found, start=1):
        assert f"第{number}/{len(found)}页" in page.replace(" ", "")
    assert all("单据号" in page for page in found[:2])  # the head of the table is repeated
    assert "华芯电子股份有限公司" in text
    assert str(sample["words"]) in text
    assert "盖章处" in text
    for row in sample["open"]:  # type: ignore[attr-defined]
        assert row["document"] in text
        assert row["open"] in text
    assert "7777 8888 9999 0000" in text
    for line in sample["lines"]:  # type: ignore[attr-defined]
        assert line["document"] in text
        assert line["balance"] in text


@needs_poppler
def test_a_letter_shows_the_deadline_the_total_in_words_and_the_account(tmp_path: Path) -> None:
    sample = letter("en", 40)
    found = pages(render("letter", sample).pdf, tmp_path)
    text = "".join(found)
    assert f"Page {len(found)} of {len(found)}" in found[-1]
    for expected in ("2026-11-28", sample["words"], "7777 8888", sample["total"], "INV-2026-000039"):
        assert str(expected) in text


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_optional_parts_may_be_absent_and_long_numbers_break(language: str) -> None:
    bare = changed(statement(language, 2), online=None, reply=None, overdue="", intro="", open=[], bank=[])
    bare["lines"][0]["document"] = "X" * 90  # type: ignore[index]
    assert render("statement", bare).pdf
    plain = changed(LETTER_SAMPLE[language], deadline=None, bank=[], has_level=False, after=[], before=[])
    assert render("letter", plain).pdf


def test_one_compiler_serves_many_threads() -> None:
    samples = [letter("zh_CN", count) for count in range(1, 9)]
    alone = [render("letter", sample).sha256 for sample in samples]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda sample: render("letter", sample).sha256, samples))
    assert together == alone


@pytest.mark.parametrize("name", ["absent", "../letter", "_common.typ", ""])
def test_a_template_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(PrintFailed):
        render(name, {})


def test_data_that_lacks_a_field_fails_loudly() -> None:
    with pytest.raises(PrintFailed, match="letter"):
        render("letter", {"language": "en"})


def test_the_fonts_carry_their_licence() -> None:
    assert "SIL Open Font License" in (FONTS / "OFL.txt").read_text()
    assert {path.name for path in FONTS.glob("*.ttf")} == {"NotoSansSC-Regular.ttf", "NotoSansSC-Bold.ttf"}
