"""The mapping page in a real browser: wide and narrow, in both languages, reachable by keys, and without a script."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import expect

from ar.imports import commands
from tenants.permissions import Role
from tests.ar.imports.files import do_last_message
from tests.ar.imports.test_mapping_page import ODD
from tests.ar.imports.test_undoing import ITEMS, RECEIPTS, run
from tests.browser.conftest import Visitor
from tests.browser.people import add_member, sign_in
from tests.support.world import World

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "narrow"), [("en", False), ("zh-CN", True)])
def test_a_person_says_how_an_unknown_file_is_read(
    visit: Callable[..., Visitor],
    world: World,
    accountant: str,
    language: str,
    narrow: bool,
) -> None:
    visitor = visit(language, narrow=narrow)
    page = sign_in(visitor, accountant)
    visitor.go(world.url("/imports/"))
    page.locator("[name=kind][value=open-items]").check()
    page.locator("[name=file]").set_input_files({"name": "alt.csv", "mimeType": "text/csv", "buffer": ODD})
    page.locator("main form[enctype] button.primary").click()
    page.wait_for_url("**/imports/*-*")
    do_last_message(world, "imports.check")
    page.reload()
    page.locator("main a.btn.primary").click()
    page.wait_for_url("**/mapping")
    visitor.check()
    page.locator("#f-column-0").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#f-column-1")).to_be_focused()
    for place, name in enumerate(("customer_no", "customer_name", "document_no", "kind", "document_date", "amount")):
        page.locator(f"#f-column-{place}").select_option(name)
    page.locator("[name=constant-currency]").fill("EUR")
    page.locator("button[value=look]").click()
    page.wait_for_url("**/imports/*-*")
    do_last_message(world, "imports.check")
    page.reload()
    page.locator("main a.btn.primary").click()
    page.locator("#f-kinds-0").select_option("invoice")
    page.locator("#f-kinds-1").select_option("credit_note")
    visitor.check()
    page.locator("button[value=check]").click()
    page.wait_for_url("**/imports/*-*")
    do_last_message(world, "imports.check")
    page.reload()
    visitor.check()
    expect(page.locator("main")).to_contain_text("1,234.56")


@pytest.fixture
def accountant(world: World) -> str:
    """The e-mail of an accountant who reads English and has chosen a password."""
    return add_member(world, "林晓", [Role.ACCOUNTANT], "en").email


@pytest.mark.parametrize(("language", "narrow"), [("en", False), ("zh-CN", True)])
def test_an_import_is_undone_after_what_depends_on_it(
    visit: Callable[..., Visitor],
    world: World,
    accountant: str,
    language: str,
    narrow: bool,
) -> None:
    items, _report = run(world, "open-items", ITEMS)
    receipts, _report = run(world, "receipts", RECEIPTS)
    visitor = visit(language, narrow=narrow)
    page = sign_in(visitor, accountant)
    page.emulate_media(color_scheme="dark" if narrow else "light")
    visitor.go(world.url(f"/imports/{items}"))
    page.locator("main details.more summary").first.click()
    visitor.check()
    expect(page.locator("main details.more a").first).to_have_text("RC-1")
    visitor.go(world.url(f"/imports/{receipts}"))
    page.locator("main details.more summary").first.focus()
    page.keyboard.press("Enter")
    page.locator("main details.more form button").first.click()
    page.wait_for_url("**/imports/*-*")
    do_last_message(world, "imports.undo")
    page.reload()
    visitor.check()
    expect(page.locator("main .note a")).to_have_count(1)
    with world.transaction() as db:
        commands.update_job(db, world.tenant_id, UUID(str(items)), state="failed")
    visitor.go(world.url(f"/imports/{items}"))
    visitor.check()
