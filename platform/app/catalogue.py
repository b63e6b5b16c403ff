"""Maintains the text catalogue: extracts msgids, reports gaps, updates `translations/*.po`.

`python -m app.catalogue check|update`. Invariant: a text that a person can see has a msgid
here, and zh_CN translates every one with the same placeholders.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from kernel.settings import APP_ROOT

LANGUAGE = "zh_CN"
FILE = APP_ROOT / "translations" / f"{LANGUAGE}.po"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
# A template's text is always formatted, so a bare per cent sign in it breaks the page.
BARE_PERCENT = re.compile(r"(?<!%)%(?:%%)*(?![%(])")
SOURCES: tuple[tuple[Path, list[tuple[str, str]], dict[str, dict[str, str]]], ...] = (
    (APP_ROOT / "platform", [("**.py", "python")], {}),
    (
        APP_ROOT / "templates",
        [("**.html", "jinja2"), ("**.txt", "jinja2")],
        {"**.html": {"newstyle_gettext": "true", "trimmed": "true"}, "**.txt": {"newstyle_gettext": "true"}},
    ),
)


def extract() -> Catalog:
    """Extracts every msgid of code and templates, with its locations."""
    found = Catalog(locale=LANGUAGE, project="Huikuan", fuzzy=False)
    for folder, methods, options in SOURCES:
        for name, line, message, comments, context in extract_from_dir(
            folder, method_map=methods, options_map=options, keywords=KEYWORDS
        ):
            place = (Path(folder.name) / name).as_posix()
            found.add(message, None, [(place, line)], auto_comments=comments, context=context)
    return found


def hidden_texts(known: Collection[str]) -> list[str]:
    """Returns a line per text that stands within an f-string alone, where nothing extracts it."""
    lines = []
    for path in sorted((APP_ROOT / "platform").rglob("*.py")):
        for text in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(text, ast.JoinedStr):
                place = path.relative_to(APP_ROOT).as_posix()
                lines += [
                    f"within an f-string: {msgid!r} ({place})" for msgid in _translated(text) if msgid not in known
                ]
    return lines


def _translated(node: ast.AST) -> Iterator[str]:
    """Yields the literal msgids of the calls within a node."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS:
            yield from (
                each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
            )


def stored() -> Catalog:
    """Returns the catalogue in the repository (empty when there is none)."""
    if not FILE.exists():
        return Catalog(locale=LANGUAGE)
    with FILE.open("rb") as source:
        return read_po(source, locale=LANGUAGE)


def faults() -> list[str]:
    """Returns a line per msgid that is missing, untranslated, obsolete, malformed, hidden or has other placeholders."""
    wanted, have = extract(), stored()
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in wanted}
    lines = hidden_texts(known)
    for message in wanted:
        if not message.id:
            continue
        kept = have.get(message.id)
        texts = [] if kept is None else [kept.string] if isinstance(kept.string, str) else list(kept.string or ())
        if not texts or not all(texts):
            lines.append(f"untranslated: {message.id!r} ({message.locations[0][0]})")
            continue
        first = message.id if isinstance(message.id, str) else message.id[-1]
        if set(PLACEHOLDER.findall(texts[0])) - {"num"} != set(PLACEHOLDER.findall(first)) - {"num"}:
            lines.append(f"placeholders differ: {message.id!r}")
        if message.locations[0][0].startswith("templates/") and any(map(BARE_PERCENT.search, [first, *texts])):
            lines.append(f"write %% for a per cent sign: {message.id!r}")
    for message in have:
        first = message.id if isinstance(message.id, str) else message.id[0]
        if first and first not in known:
            lines.append(f"no longer used: {first!r}")
    return lines


def update() -> int:
    """Rewrites the catalogue: adds new msgids, removes unused ones. Returns the number without translation."""
    wanted, have = extract(), stored()
    for message in wanted:
        kept = have.get(message.id)
        if message.id and kept is not None and kept.string:
            message.string = kept.string
    FILE.parent.mkdir(exist_ok=True)
    with FILE.open("wb") as target:
        write_po(target, wanted, width=120, no_location=True, omit_header=False, sort_output=True)
    return sum(1 for m in wanted if m.id and not (m.string if isinstance(m.string, str) else all(m.string or ())))


def main() -> None:
    """Runs `check` (prints faults, exits 1 when there are any) or `update` (rewrites the catalogue)."""
    if sys.argv[1:] == ["update"]:
        sys.stdout.write(f"{update()} texts without translation\n")
        return
    found = faults()
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
