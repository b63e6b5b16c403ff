"""A photo comes into the file, customers change hands, one goes to the blacklist: wide, narrow, light, dark."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tenants.permissions import Role
from tests.browser.conftest import MONDAY, Visitor
from tests.browser.people import add_member, sign_in
from tests.support.approvals import everybody
from tests.support.world import World

pytestmark = pytest.mark.browser
PHOTO = {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0 photo"}


@pytest.mark.parametrize(("language", "narrow", "dark"), [("en", False, False), ("zh_CN", True, True)])
def test_a_file_is_kept_and_customers_get_an_owner(
    visit: Callable[..., Visitor], world: World, language: str, narrow: bool, dark: bool
) -> None:
    world = world.on(MONDAY.date())
    everybody(world)
    customer = world.customer("00001", "深圳鑫晟电子有限公司", tax_id="91350100M000100Y44")
    world.file_document(customer, "licence")
    world.customer("00002", "Old Mill Ltd", entity_type="foreign_company")
    visitor = visit(language.replace("_", "-"), narrow=narrow)
    visitor.page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page = sign_in(visitor, add_member(world, "陈静", [Role.FINANCE, Role.SALES_MANAGER, Role.ADMIN], language).email)

    def look(name: str) -> None:
        visitor.check()
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=f"{folder}/file-{name}-{language}.png", full_page=True)

    visitor.go(world.url("/customers/gaps/"))
    look("gaps")
    visitor.go(world.url(f"/customers/{customer}"))
    look("customer")
    visitor.go(world.url(f"/customers/{customer}/file"))
    look("file")
    page.locator("main .note a").first.click()
    page.wait_for_url("**/file/new?**")
    page.locator("main form.form button.primary").click()
    expect(page.locator(".form-errors")).to_be_visible()
    look("upload-refused")
    page.locator("[name=file]").set_input_files(PHOTO)  # type: ignore[arg-type]
    page.locator("[name=no_end]").check()
    page.locator("main form.form button.primary").click()
    page.wait_for_url("**/file")
    page.locator("main table tbody a").first.click()
    look("document")
    for name, path in {
        "questionnaire": f"/customers/{customer}/questionnaire",
        "standing": f"/customers/{customer}/standing",
        "settings": "/file-settings/",
        "blacklist-new": f"/blacklist/of/{customer}",
    }.items():
        visitor.go(world.url(path))
        look(name)
    page.locator("[name=reason]").fill("欠款两年，三次失约")
    page.locator("main form.form button.primary").click()
    page.wait_for_url("**/blacklist/**")
    look("blacklist-entry")
    visitor.go(world.url("/blacklist/"))
    look("blacklist")
    visitor.go(world.url("/customers/hand-over"))
    look("hand-over")
    page.locator("[data-tick]").first.check()
    page.locator("[name=reason]").fill("新客户分配")
    page.locator("main .selection button.primary").click()
    expect(page.locator(".flash")).to_be_visible()
    look("handed-over")
