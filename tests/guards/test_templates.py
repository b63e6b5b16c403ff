"""Templates: every one parses, a partial has exactly one root with a dom_id, nothing inline that the CSP forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from web.templating import mail_environment

ROOT = Path(__file__).resolve().parents[2] / "templates"
PAGES = sorted(p for p in ROOT.rglob("*.html"))
TEXTS = sorted(p for p in ROOT.rglob("*.txt") if "fonts" not in p.parts)
PARTIALS = [p for p in PAGES if p.name.startswith("_") and not {"errors", "design", "email"} & set(p.parts)]
INLINE = re.compile(r"\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)


@pytest.mark.parametrize("path", PAGES + TEXTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_template_parses(path: Path) -> None:
    mail_environment().get_template(path.relative_to(ROOT).as_posix())


@pytest.mark.parametrize("path", PARTIALS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_partial_has_one_root_with_a_dom_id(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    body = re.sub(r"\{%-?\s*(import|from|set|macro|endmacro)\b[^%]*%\}", "", text).strip()
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
