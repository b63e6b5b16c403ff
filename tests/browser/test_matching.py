"""The matching screen in a real browser, with keys alone: choose a bank line, tick, book, see the receipt, undo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from tenants.permissions import Role
from tests.browser.conftest import MONDAY, Visitor
from tests.browser.people import add_member, sign_in
from tests.support.world import BankMovement, World

ON = date(2026, 11, 18)

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


@pytest.fixture
def accountant(world: World) -> str:
    """The e-mail of an accountant who reads English and has chosen a password."""
    return add_member(world, "林晓", [Role.ACCOUNTANT], "en").email


@pytest.fixture
def world(world: World) -> World:
    """Two invoices of one customer, and two bank lines that no machine can be sure of."""
    world = world.on(MONDAY.date())
    xinsheng = world.customer("00001", "深圳鑫晟电子有限公司")
    world.invoice(xinsheng, number="INV-1001", on=date(2026, 9, 1), minor=1_000_00)
    world.invoice(xinsheng, number="INV-1002", on=date(2026, 10, 1), minor=250_50)
    world.bank_lines(
        [
            BankMovement(on=ON, amount="312.77", payer="工商银行", text="利息"),
            BankMovement(on=ON, amount="1250.50", payer="深圳鑫晟电子有限公司", text="货款"),
        ]
    )
    return world


def _choose(page: Page, payer: str) -> None:
    """From the first line, which is shown already, down to the payer's, and opens it."""
    page.keyboard.press("j")
    expect(page.locator("tr:has(a:focus)")).to_contain_text(payer)
    page.keyboard.press("Enter")
    page.wait_for_url("**#chosen")
    expect(page.locator("tr[aria-selected=true] .name", has_text=payer).first).to_be_visible()


def test_a_line_is_booked_undone_and_set_aside_with_keys_alone(world: World, accountant: str, visit: Visit) -> None:
    visitor = visit("en-US")
    page = sign_in(visitor, accountant)
    visitor.go(world.url("/matching/"))
    visitor.check()

    _choose(page, "深圳鑫晟电子有限公司")
    page.get_by_label("Another customer’s number or name").fill("00001")
    page.keyboard.press("Enter")
    page.wait_for_url("**customer=00001**")
    ticks, left = page.locator("[data-pick]"), page.locator("[data-difference]")
    expect(ticks.first).to_be_focused()
    expect(ticks).to_have_count(2)
    visitor.check()

    page.keyboard.press("Space")
    expect(left).to_contain_text("Ticked CN¥1,000.00 · left over CN¥250.50")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(left).to_contain_text("Ticked CN¥1,250.50 · left over CN¥0.00")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The line is posted.")).to_be_visible()
    assert world.count_documents("receipt") == 1
    expect(page.locator("tr[aria-selected=true] .name").first).to_contain_text("工商银行")
    expect(page.locator("tr [aria-current]")).to_be_focused()

    page.keyboard.press("s")
    page.keyboard.type("bank interest")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The line is set aside.")).to_be_visible()
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    visitor.check()

    visitor.go(world.url("/matching/?state=matched"))
    page.get_by_role("link", name="深圳鑫晟电子有限公司").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("RC-2026-000001")
    expect(page.get_by_role("cell", name="INV-1001")).to_be_visible()
    visitor.check()
    page.get_by_role("link", name="Show the bank line").click()
    page.get_by_role("button", name="Undo match").click()
    expect(page.get_by_text("The match is undone.")).to_be_visible()


def test_on_a_phone_without_scripts_the_server_counts_and_books(world: World, accountant: str, visit: Visit) -> None:
    visitor = visit("en-US", narrow=True, javascript=False)
    page = sign_in(visitor, accountant)
    visitor.go(world.url("/matching/"))
    page.locator("tbody a", has_text="2026-11-18").nth(1).click()
    page.get_by_label("Another customer’s number or name").fill("鑫晟")
    page.get_by_role("button", name="Show what this customer owes").click()
    page.get_by_label("Apply to INV-1001").fill("1,000")
    page.get_by_role("button", name="Recalculate").click()
    expect(page.locator("[data-difference]")).to_contain_text("Ticked CN¥1,000.00 · left over CN¥250.50")
    assert world.count_documents("receipt") == 0
    page.get_by_role("button", name="Post ticked documents").click()
    expect(page.get_by_text("The line is posted.")).to_be_visible()
    assert world.count_documents("receipt") == 1
