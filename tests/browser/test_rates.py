"""A run asks for a rate that is not known; a notice of days off is pasted: wide and narrow, light and dark."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import expect

from tenants.permissions import Role
from tests.browser.conftest import MONDAY, Visitor
from tests.browser.people import add_member, sign_in
from tests.support.world import World
from tests.tenants.settings.test_notice import OF_2026, OF_2027

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "narrow", "dark"), [("en", False, False), ("zh_CN", True, True)])
def test_a_person_records_what_a_run_asks_for_and_enters_the_notice(
    visit: Callable[..., Visitor], world: World, language: str, narrow: bool, dark: bool
) -> None:
    world = world.on(MONDAY.date())
    customer = world.customer("00001", "深圳鑫晟电子有限公司")
    world.late_invoice(customer, number="INV-1001", minor=100_000_00, days_late=12)
    world.invoice(customer, number="INV-1002", on=date(2026, 1, 5), due_on=date(2026, 1, 17))
    visitor = visit(language.replace("_", "-"), narrow=narrow)
    visitor.page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page = sign_in(visitor, add_member(world, "林晓", [Role.ACCOUNTANT, Role.ADMIN], language).email)

    def look(name: str) -> None:
        visitor.check()
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=f"{folder}/{name}-{language}.png", full_page=True)

    look("today")
    visitor.go(world.url(f"/interest/new?through_on={world.today}"))
    look("run")
    page.locator("main .note a").first.click()
    page.wait_for_url("**/interest/rates?**")
    look("rates")
    assert page.locator("[name=from_on]").input_value() == "2026-10-20"
    page.locator("[name=percent]").fill("3.0")
    page.locator("main form button.primary").click()
    expect(page.locator("[name=source]")).to_be_visible()
    look("rates-refused")
    assert page.locator("[name=percent]").input_value() == "3.0"
    page.locator("[name=source]").fill("chinamoney.com.cn")
    page.locator("main form button.primary").click()
    page.wait_for_url("**/interest/rates")
    look("rates-recorded")
    visitor.go(world.url(f"/interest/new?through_on={world.today}"))
    expect(page.locator("main")).to_contain_text("INV-1001")
    visitor.go(world.url(f"/interest/terms/{customer}"))
    look("terms")
    visitor.go(world.url(f"/customers/{customer}/edit"))
    look("customer")
    visitor.go(world.url("/settings/"))
    look("settings")
    visitor.go(world.url("/settings/notices"))
    look("notices")
    page.locator("[name=text]").fill(OF_2026)
    page.locator("[name=source]").fill("gov.cn")
    page.locator("main form button.primary").click()
    assert page.locator("[name=text]").input_value().startswith("国务院办公厅"), "what was typed stays"
    look("notices-refused")
    page.locator("[name=text]").fill(OF_2027)
    page.locator("main form button.primary").click()
    expect(page.locator("main .note.warn")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("gov.cn")
    look("notices-entered")
