"""Templates: each parses, lines and files stay short, a partial has one root with a dom_id, nothing the CSP forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from web.templating import mail_environment

ROOT = Path(__file__).resolve().parents[2] / "templates"
PAGES = sorted(p for p in ROOT.rglob("*.html"))
TEXTS = sorted(p for p in ROOT.rglob("*.txt") if "fonts" not in p.parts)
PARTIALS = [p for p in PAGES if p.name.startswith("_") and not {"errors", "design", "email"} & set(p.parts)]
PRINTED = sorted(p for p in (ROOT / "print").glob("*.typ"))
LINE_LENGTH = 140
PAGE_LENGTH = 100
INLINE = re.compile(r"\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)


@pytest.mark.parametrize("path", PAGES + TEXTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_template_parses(path: Path) -> None:
    mail_environment().get_template(path.relative_to(ROOT).as_posix())


def test_template_lines_stay_short() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in PAGES + TEXTS + PRINTED
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > LINE_LENGTH
    ]
    assert not long, f"at most {LINE_LENGTH} characters a line, one component a line"


def test_templates_stay_short() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in PAGES}
    long = {path: length for path, length in lengths.items() if length > PAGE_LENGTH}
    assert not long, f"at most {PAGE_LENGTH} lines: cut parts out into a _part.html"


@pytest.mark.parametrize("path", PARTIALS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_partial_has_one_root_with_a_dom_id(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"\{%-?\s*set\s+\w+\s*-?%\}.*?\{%-?\s*endset\s*-?%\}", "", text, flags=re.DOTALL)
    body = re.sub(r"\{%-?\s*(import|from|set|macro|endmacro)\b[^%]*%\}", "", text).strip()
    if call := re.match(r"\{% call ui\.(?:card|more|note)\((.*?)\) %\}", body, flags=re.DOTALL):
        assert "id=dom_id(" in call.group(1), "the component that is the root carries id=dom_id(…)"
        depth = 0
        for step in re.finditer(r"\{%-?\s*(call|endcall)\b", body):
            depth += 1 if step.group(1) == "call" else -1
            if not depth:
                break
        assert re.fullmatch(r"\{%-?\s*endcall\s*-?%\}", body[step.start() :]), "nothing stands after the root"
        return
    first = re.match(r"(?:\{%[^%]*%\}\s*)*<(\w+)([^>]*)>", body, flags=re.DOTALL)
    assert first, "a partial begins with its root element"
    assert "dom_id(" in first.group(2), 'the root carries id="{{ dom_id(…) }}"'
    assert body.rstrip().endswith((f"</{first.group(1)}>", "%}")), "nothing stands after the root"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_template_has_nothing_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if "email" in path.parts or path.name == "email.html":
        text = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    assert not INLINE.search(text)
