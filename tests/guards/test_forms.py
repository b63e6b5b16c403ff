"""Every form that has an effect is sent once, every form that edits carries a version, every page names its fields.

The forms are those of the pages themselves, of a company with one of everything, as each of four people sees them.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from flask import Flask

from tenants.access import STAFF
from tests.guards.test_routes import PARAMETER
from tests.support.companies import TestCompany
from tests.support.furnished import digest, furnish
from web.sent_once import is_repeatable

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
FORM = re.compile(r"<form\b[^>]*\bmethod=\"post\".*?</form>", re.DOTALL)
#: Endpoints without a key, each with the reason why sending one twice does no harm.
WITHOUT_A_KEY: Final = {
    "auth.start_session": "signing in twice is being signed in",
    "auth.sign_out": "signing out twice is being signed out",
    "auth.language": "the language is a choice of the browser",
    "auth.choose_password": "the link works once",
    "auth.use_link": "the link works once",
    "auth.ask_reset": "three links an hour, and using one closes all",
    "account.change_password": "the present password is asked, and changes",
    "account.end_session": "ending twice is ended",
    "account.end_others": "ending twice is ended",
    "documents.preview": "it only shows what would be posted",
    "portal.answer": "a step that only shows the next",
    "portal.differences": "a step that only shows the next",
    "portal.code": "a new code closes the one before, and a link gives a few a day",
    "portal.check": "every try is counted, and must be",
    "portal.submit": "a statement has one answer",
}
#: Endpoints named like an edit whose form overwrites nothing of anybody's, with the reason.
WITHOUT_A_VERSION: Final = {
    "settings.set_day": "a day of its own is added, others stay",
    "settings.unset_day": "it removes the day that the button names",
    "cases.place_block": "it adds",
    "bank.set_aside": "it decides on one line, which is locked and must be open",
    "matching.aside": "it decides on one line, which is locked and must be open",
}
EDITS: Final = re.compile(r"\b(update|save|edit|change|set|rename)(_|$)")
#: Templates that write their forms without the components: the frame of every page.
FRAME: Final = {"components/shell.html", "components/button.html"}
ROLES: Final = ("admin", "finance_director", "accountant", "general_manager")


def test_every_post_of_our_people_is_answered_once_unless_it_is_named(app: Flask) -> None:
    open_ones = set()
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if "POST" in (rule.methods or ()) and (getattr(view, "audience", "") != STAFF or _repeats(view)):
            open_ones.add(rule.endpoint)
    assert {name for name in open_ones if not name.startswith("development.")} == set(WITHOUT_A_KEY)


def _repeats(view: object) -> bool:
    """Is any of the functions around a view marked as repeatable?"""
    while view is not None:
        if is_repeatable(view):  # type: ignore[arg-type]
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def test_every_form_of_a_template_begins_with_token_and_key() -> None:
    missing = []
    for path in sorted(TEMPLATES.rglob("*.html")):
        name = path.relative_to(TEMPLATES).as_posix()
        if name in FRAME:
            continue
        forms = FORM.findall(path.read_text(encoding="utf-8"))
        missing += [f"{name}: {form[:90]}" for form in forms if "ui.csrf()" not in form]
    assert not missing, "a form of method post begins with {{ ui.csrf() }}"


@pytest.fixture
def shown(app: Flask, company: TestCompany) -> dict[str, list[str]]:
    """Every page that an address leads to, by address: its HTML as each person sees it."""
    ids, pages = furnish(company), dict[str, list[str]]()
    clients = [company.client(role) for role in ROLES]
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if getattr(view, "audience", "") != STAFF or "GET" not in (rule.methods or ()):
            continue
        path = re.sub(r"<any\((\w+)[^)]*\):\w+>", r"\1", rule.rule.replace("<company>", company.slug))
        path = PARAMETER.sub(lambda found: str(ids.get(found.group(1), "write_off")), path)
        for client in clients:
            answer = client.get(path)
            if answer.status_code == 200 and answer.mimetype == "text/html":
                pages.setdefault(path, []).append(answer.text)
    assert len(pages) > 40
    assert digest(company)
    return pages


def test_every_page_gives_each_form_a_key_each_edit_a_version_and_each_element_an_id_of_its_own(
    app: Flask, company: TestCompany, shown: dict[str, list[str]]
) -> None:
    faults, keys, edits = set(), Counter[str](), set()
    adapter = app.url_map.bind("localhost")
    for path, pages in shown.items():
        for page in pages:
            ids = Counter(re.findall(r"\sid=\"([^\"]+)\"", page))
            faults |= {f"{path}: the id {name} stands {n} times" for name, n in ids.items() if n > 1}
            targets = set(re.findall(r"\sfor=\"([^\"]+)\"", page)) - ids.keys()
            faults |= {f"{path}: a label for {name}, which is not there" for name in targets}
            for form in FORM.findall(page):
                action = re.search(r"\baction=\"([^\"]*)\"", form)
                endpoint = adapter.match(action[1].split("?")[0], method="POST")[0] if action else ""
                if endpoint in WITHOUT_A_KEY:
                    continue
                found = re.findall(r"name=\"key\" value=\"([^\"]+)\"", form)
                keys.update(found)
                if len(found) != 1:
                    faults.add(f"{path}: {endpoint} has {len(found)} keys")
                if EDITS.search(endpoint.rpartition(".")[2]) and endpoint not in WITHOUT_A_VERSION:
                    edits.add(endpoint)
                    if not re.search(r"name=\"version\" value=\"[^\"]+\"", form):
                        faults.add(f"{path}: {endpoint} has no version")
    assert not faults
    assert len(keys) > 100
    assert max(keys.values()) == 1, "no two forms have one key"
    assert edits >= {"customers.update", "settings.save", "bank_accounts.update", "people.change_roles"}
    assert edits >= {"settling.save_settings", "provisions.set_policy", "approval_chains.save", "documents.save"}
    assert edits >= {"interest_terms.set_company", "interest_terms.set_customer"}
