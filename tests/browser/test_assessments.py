"""A salesperson assesses a customer on a phone, and three sign one after another until the limit stands."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from ar.credit.rules.scoring import ITEMS
from tenants.permissions import Role
from tests.browser.conftest import MONDAY, Visitor
from tests.browser.people import add_member, sign_in
from tests.support.world import World
from tests.support.world.assessments import POINTS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "narrow", "dark"), [("zh_CN", True, False), ("en", False, True)])
def test_a_salesperson_assesses_three_sign_and_the_general_managers_limit_stands(
    visit: Callable[..., Visitor], world: World, language: str, narrow: bool, dark: bool
) -> None:
    world = world.on(MONDAY.date())
    customer = world.customer("00001", "深圳鑫晟电子有限公司", tax_id="91440300708461136T")
    for month in range(5, 11):
        world.invoice(customer, number=f"S-{month}", on=date(2026, month, 10), minor=(100 + month) * 1_000_00)
    world.complete_file(customer)
    author, author_id = add_member(world, "周敏", [Role.SALESPERSON], language)
    signer, _signer_id = add_member(world, "陆建军", [Role.SALES_MANAGER], language)
    others = [add_member(world, role.value, [role], language) for role in (Role.FINANCE, Role.GENERAL_MANAGER)]
    world.own(customer, author_id)

    def arrive(email: str) -> tuple[Visitor, Page]:
        visitor = visit(language.replace("_", "-"), narrow=narrow)
        visitor.page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        return visitor, sign_in(visitor, email)

    def look(visitor: Visitor, name: str) -> None:
        visitor.check()
        if folder := os.environ.get("PICTURES"):
            visitor.page.screenshot(path=f"{folder}/{name}-{language}.png", full_page=True)

    visitor, page = arrive(author)
    visitor.go(world.url("/assessments/new"))
    look(visitor, "assessment-new")
    page.fill("#f-customer_no", "00001")
    page.keyboard.press("Enter")
    page.wait_for_selector("#f-limit")
    for item, point in zip(ITEMS, POINTS["B"], strict=True):
        page.locator(f"input[name=points_{item.code}][value='{point}']").check()
    expect(page.locator("#live-score")).to_contain_text("72")
    page.fill("#f-limit", "10")
    page.fill("#f-term_days", "31")
    page.keyboard.press("Tab")
    expect(page.locator("#live-score")).to_contain_text("89,000.00")
    look(visitor, "assessment-form")
    page.locator("button[value=submit]").click()
    expect(page.locator(".form-errors")).to_contain_text("30")
    look(visitor, "assessment-refused")
    assert page.locator("#f-limit").input_value() == "10", "nothing typed is lost"
    page.fill("#f-term_days", "30")
    page.locator("button[value=submit]").click()
    expect(page.locator("#assessment-opinions")).to_contain_text("100,000.00")
    visitor, page = arrive(signer)
    visitor.go(world.url("/assessments/?show=undecided"))
    look(visitor, "assessment-list")
    page.locator("main tbody a").first.click()
    page.wait_for_selector("#assessment-sign")
    look(visitor, "assessment-sign")
    page.fill("#f-limit", "8")
    page.locator("#assessment-sign button.primary").click()
    expect(page.locator("#assessment-opinions")).to_contain_text("80,000.00")
    assessment = page.url
    for (email, _id), limit in zip(others, ("9", "7"), strict=True):
        visitor, page = arrive(email)
        page.goto(assessment)
        page.fill("#f-limit", limit)
        page.locator("#assessment-sign button.primary").click()
        expect(page.locator("#assessment-opinions")).to_contain_text(f"{limit}0,000.00")
    look(visitor, "assessment-signed")
    visitor.go(world.url(f"/credit/customers/{customer}"))
    expect(page.locator(".timeline")).to_contain_text("70,000.00")  # the general manager's figures are granted
