"""The documents do not drift from the code: rules, modules and tests named in them exist, and none is forgotten.

Reads files only: `docs/policy.md` (the rules by id), the page of dependencies, the table of settings, links.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pytest

from ar.cases.ladder import step_texts
from ar.cases.rules.policy import PRESETS, Audience, Channel, load_preset
from kernel import settings
from kernel.i18n import LANGUAGES, gettext, use_language

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
RULE_ID = re.compile(r"R\d{3}|A\d{2}")
MENTION = re.compile(r"\b(R\d{3}|A\d{2})\b(?:\s*[-–]\s*(R\d{3}|A\d{2})\b)?")
QUOTED = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
THREATS = re.compile(
    r"threat|police|arrest|prison|criminal|fraud|blacklist|publish|expos(e|ure)|sham(e|ing)|famil(y|ies)|relatives"
    r"|legal department|law firm|our lawyers?|court bailiff"
    r"|报警|警方|公安|曝光|黑名单|坐牢|刑事|诈骗|老赖|家人|亲属|法务部|律师事务所|后果自负|严惩",
    re.IGNORECASE,
)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


class Rule(NamedTuple):
    """One row of the table of rules that hold."""

    id: str
    text: str
    places: list[str]
    tests: list[str]


def _rows(heading: str) -> Iterator[list[str]]:
    """The cells of the table rows under a heading, without head and rule."""
    part = (DOCS / "policy.md").read_text(encoding="utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    for line in part.splitlines():
        if line.startswith("| ") and not line.startswith("| id "):
            yield [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def _held() -> list[Rule]:
    return [Rule(c[0], c[1], QUOTED.findall(c[2]), QUOTED.findall(c[3])) for c in _rows("What holds")]


def _not_yet() -> list[str]:
    return [cells[0] for cells in _rows("Not yet")]


@lru_cache(maxsize=256)
def _names(path: Path) -> frozenset[str]:
    """What a module defines: functions, classes, `Class.method`, constants."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names.update(f"{node.name}.{each.name}" for each in node.body if isinstance(each, ast.FunctionDef))
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        names.update(target.id for target in targets if isinstance(target, ast.Name))
    return frozenset(names)


def _spelled_out(text: str) -> Iterator[str]:
    """The ids that a text mentions; `R172-R178` is seven of them."""
    for first, last in MENTION.findall(text):
        if last and last[0] == first[0]:
            for number in range(int(first[1:]), int(last[1:]) + 1):
                yield f"{first[0]}{number:0{len(first) - 1}}"
        else:
            yield from filter(None, (first, last))


def _left_out() -> list[str]:
    return [cells[0] for cells in _rows("Left out on purpose")]


def test_every_rule_has_an_id_of_its_own_and_a_sentence() -> None:
    ids = [rule.id for rule in _held()] + _not_yet() + _left_out()
    assert len(ids) > 40, "the tables of docs/policy.md were not found"
    assert [i for i in ids if not RULE_ID.fullmatch(i)] == []
    assert sorted({i for i in ids if ids.count(i) > 1}) == []
    assert [rule.id for rule in _held() if len(rule.text) < 20] == []


@pytest.mark.parametrize("rule", _held(), ids=lambda rule: rule.id)
def test_what_a_rule_names_exists(rule: Rule) -> None:
    assert rule.places, "no module enforces it"
    assert rule.tests, "no test holds it"
    for place in rule.places:
        path, _, name = place.partition(":")
        assert (ROOT / path).is_file(), place
        assert not name or name in _names(ROOT / path), place
    for test in rule.tests:
        path, _, name = test.partition("::")
        assert name.startswith("test_"), test
        assert name in _names(ROOT / path), test


def test_every_rule_that_the_code_speaks_of_is_listed() -> None:
    listed = {rule.id for rule in _held()} | set(_not_yet()) | set(_left_out())
    spoken = {
        (rule, str(path.relative_to(ROOT)))
        for path in sorted((ROOT / "platform").rglob("*.py"))
        for rule in _spelled_out(path.read_text(encoding="utf-8"))
    }
    assert len(spoken) > 20
    assert sorted((rule, path) for rule, path in spoken if rule not in listed) == []


def _outgoing() -> Iterator[tuple[str, str]]:
    """Every text that reaches a debtor by letter or mail, in every language: where it stands, what it says."""
    for language in LANGUAGES:
        with use_language(language):
            for code in step_texts.LETTERS:
                letter = step_texts.letter_texts(code)
                yield f"{code} {language}", "\n".join([letter.title, letter.subject, letter.before, letter.after])
            yield f"closing {language}", step_texts.closing_paragraph()
            for path in sorted((ROOT / "templates" / "email").rglob("*.*")):
                source = path.read_text(encoding="utf-8")
                said = re.findall(r"_\('([^']*)'|_\(\"([^\"]*)\"", source)
                translated = [gettext(one or other) for one, other in said]
                yield f"{path.parent.name}/{path.name} {language}", "\n".join([source, *translated])


def test_letters_neither_threaten_nor_pretend() -> None:
    """R201, R333, R335: no threat, no exposure, no invented authority, in either language."""
    outgoing = list(_outgoing())
    assert len(outgoing) > 20
    assert [(where, found[0]) for where, text in outgoing if (found := THREATS.search(text))] == []


@pytest.mark.parametrize("code", PRESETS)
def test_letters_grow_firmer_and_name_the_law_last(code: str) -> None:
    """R194, R195: friendly, then what the contract provides, then the law; a step back never comes."""
    weight = {step_texts._FRIENDLY_END: 0, step_texts._CONTRACT: 1, step_texts._LEGAL: 2}
    letters = [
        weight[step_texts.LETTERS[step.code].after]
        for level in load_preset(code).levels
        for step in level.steps
        if step.audience is Audience.DEBTOR and step.channel in (Channel.EMAIL, Channel.LETTER)
    ]
    assert letters == sorted(letters)
    assert (letters[0], letters[-1]) == (0, 2)


def test_every_dependency_is_explained_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for group in project["optional-dependencies"].values() for d in group)]
    names = {re.split(r"[\[<>=;!~ ]", each, maxsplit=1)[0] for each in wanted}
    page = (DOCS / "adr" / "0015-dependencies.md").read_text(encoding="utf-8")
    firsts = [line.split("|")[1] for line in page.splitlines() if line.startswith("| ") and "licence" not in line]
    explained = {name.partition("[")[0].strip() for cell in firsts for name in cell.split(",")}
    assert explained == names


def test_every_setting_is_in_the_table() -> None:
    page = (DOCS / "operations.md").read_text(encoding="utf-8")
    assert [name.upper() for name in settings._NAMES if f"`{name.upper()}`" not in page] == []


def test_every_decision_is_in_the_index() -> None:
    index = set(LINK.findall((DOCS / "adr" / "README.md").read_text(encoding="utf-8")))
    assert index == {path.name for path in (DOCS / "adr").glob("0*.md")}


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
        for target in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
        if "://" not in target and not target.endswith(".png") and not (page.parent / target).exists()
    ]
    assert broken == []
