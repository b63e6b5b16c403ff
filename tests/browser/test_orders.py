"""A salesperson's day with orders: entered on one page, held and told why, changed: wide and narrow, light and dark."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tenants.permissions import Role
from tests.browser.conftest import MONDAY, Visitor
from tests.browser.people import add_member, sign_in
from tests.support.world import World

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "narrow", "dark"), [("en", False, False), ("zh_CN", True, True)])
def test_an_order_is_entered_held_and_released_once_it_fits(
    visit: Callable[..., Visitor], world: World, language: str, narrow: bool, dark: bool
) -> None:
    world = world.on(MONDAY.date())
    customer = world.buyer(100_000_00)
    contract = world.contract(customer, [("离心泵 IH50", "3500.00"), ("闸阀 DN80", "268.50")], number="CT-2026-7")
    world.late_invoice(customer, number="INV-1001", minor=40_000_00, days_late=12)
    visitor = visit(language.replace("_", "-"), narrow=narrow)
    visitor.page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page = sign_in(visitor, add_member(world, "周敏", [Role.SALES_MANAGER], language).email)

    def look(name: str) -> None:
        visitor.check()
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=f"{folder}/{name}-{language}.png", full_page=True)

    visitor.go(world.url(f"/contracts/{contract}"))
    look("contract")
    visitor.go(world.url(f"/orders/new?contract={contract}"))
    assert page.locator("[name=customer_no]").input_value() == "00001"
    page.locator("[name=line_quantity]").first.fill("20")
    look("order-form")
    page.locator("button[value=confirm]").click()
    page.wait_for_url("**/orders/*-*")
    look("order-held")
    expect(page.locator("main .note.late").first).to_be_visible()
    page.goto(page.url + "/edit")
    page.locator("[name=line_quantity]").first.fill("two")
    page.locator("button[value=save]").click()
    expect(page.locator("#f-line_quantity-1")).to_have_value("two")
    look("order-refused")
    page.locator("[name=line_quantity]").first.fill("10")
    page.locator("button[value=save]").click()
    page.wait_for_url("**/orders/*-*")
    visitor.go(world.url("/orders/"))
    look("orders")
    visitor.go(world.url("/contracts/"))
    look("contracts")
    visitor.go(world.url("/contracts/new?customer=00001"))
    look("contract-form")
    visitor.go(world.url("/quotations/new?customer=00001"))
    look("quotation-form")
