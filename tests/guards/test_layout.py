"""The layout of the house: furniture of a slice, names of pages, one line per module in docs/architecture.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from app.outline import OUTLINE, outline

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = ROOT / "platform"
ROUTES = sorted(PLATFORM.rglob("*routes.py"))
#: Rooms at the top of a slice with folders by feature; a flat slice may have more before it wants folders.
ROOMS_MAX, FLAT_ROOMS_MAX = 12, 24
#: Pages without an endpoint of their own: what answers in place of another page, or serves two endpoints.
SHARED = {
    "ar/interest/terms.html",  # of the company and of one customer
    "ar/reports/today/without_totals.html",  # Today for a role that reads no sums of the company
    "portal/closed.html",  # a link that opens nothing
    "portal/statement.html",  # also the preview for staff
    "tenants/sign_in/link_gone.html",  # a link that was used
    "tenants/account/reset_gone.html",  # the same, of a forgotten password
}


def _views(path: Path) -> Iterator[str]:
    """Names that a page of this module may bear: its views' functions and endpoints."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef):
            yield node.name.removesuffix("_page")
        if isinstance(node, ast.keyword) and node.arg == "endpoint" and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


def _pages(path: Path) -> Iterator[str]:
    """The whole pages (not partials) that a route module renders."""
    for name in re.findall(r'"((?:ar|tenants|portal)/[\w/]+\.html)"', path.read_text(encoding="utf-8")):
        if not Path(name).name.startswith("_") and name not in SHARED:
            yield name


def test_a_page_bears_the_word_of_its_endpoint() -> None:
    strangers = {
        f"{path.relative_to(PLATFORM)}: {name}"
        for path in ROUTES
        for name in _pages(path)
        if Path(name).stem not in set(_views(path))
    }
    assert strangers == set()


def test_a_page_lies_in_the_folder_of_its_routes() -> None:
    misplaced = {
        f"{path.relative_to(PLATFORM)}: {name}"
        for path in ROUTES
        for name in _pages(path)
        if not name.startswith((f"{path.parent.relative_to(PLATFORM).as_posix()}/", "portal/"))
    }
    assert misplaced == set()


def test_a_slice_can_be_scanned_at_a_glance() -> None:
    crowded = {}
    for folder in (PLATFORM / "ar").iterdir():
        if not folder.is_dir() or folder.name.startswith("__"):
            continue
        rooms = [each for each in folder.iterdir() if not each.name.startswith("__")]
        features = [each for each in rooms if each.is_dir() and each.name not in ("rules", "presets")]
        if len(rooms) > (ROOMS_MAX if features else FLAT_ROOMS_MAX):
            crowded[folder.name] = len(rooms)
    assert crowded == {}


def test_the_map_of_modules_is_true() -> None:
    """One line per module, its docstring's first sentence: `python -m app.outline` writes it anew."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert page.split(OUTLINE, 1)[1].strip() == outline().strip()
