"""Writes the map of modules at the end of docs/architecture.md: one line per module, from its docstring.

`python -m app.outline`. Invariant: the line is the docstring's first sentence, so it is changed where the code is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kernel.settings import APP_ROOT

#: What follows this heading is written by this module.
OUTLINE: Final = "## Every module\n"
_PAGE: Final = APP_ROOT / "docs" / "architecture.md"
_SOURCES: Final = APP_ROOT / "platform"


def outline() -> str:
    """Returns the map as Markdown: a heading per package, a line per module."""
    parts: list[str] = []
    for folder in sorted({path.parent for path in _SOURCES.rglob("*.py")}):
        name = folder.relative_to(_SOURCES).as_posix()
        parts.append(f"\n### `{name}/` {_sentence(folder / '__init__.py')}\n")
        parts.extend(_lines(folder))
    return "\n".join(parts)


def _lines(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            yield f"- `{path.name}` {_sentence(path)}"


def _sentence(path: Path) -> str:
    """Returns the first sentence of a module's docstring, on one line."""
    text = ast.get_docstring(ast.parse(path.read_bytes())) or ""
    first = " ".join(text.split("\n\n", 1)[0].split())
    return first.split(". ", 1)[0].rstrip(".") + "."


def main() -> None:
    """Writes the map into docs/architecture.md."""
    head = _PAGE.read_text(encoding="utf-8").split(OUTLINE, 1)[0]
    _PAGE.write_text(f"{head}{OUTLINE}{outline()}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
