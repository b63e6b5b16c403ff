"""The warehouse at its tablet: refused and told why and whom to ask, and scanned at as scanners really type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from ar.credit.checks.holds.commands import lift_stop
from ar.credit.checks.holds.inputs import LiftStop
from ar.sales.models import Delivery
from tenants.permissions import Role
from tests.browser.conftest import Visitor
from tests.browser.people import add_member, sign_in
from tests.support.world import World

TODAY = date(2026, 11, 23)

pytestmark = pytest.mark.browser


@pytest.fixture(name="stock")
def world_with_notes(world: World) -> World:
    """Two notes of one customer, DL-2026-A and DL-2026-B, that may go."""
    world = world.on(TODAY)
    customer = world.customer(name="深圳鑫晟电子有限公司")
    world.complete_file(customer)
    world.limit(customer, 100_000_00)
    order = world.released_order(customer, ("不锈钢阀门 DN50", "10", "98.70"))
    for number in ("DL-2026-A", "DL-2026-B"):
        world.note(order, (1, "5"), number=number)
    return world


def keeper_at(visit: Callable[..., Visitor], world: World, language: str, *, narrow: bool = False) -> Visitor:
    """Signs the warehouse in; it arrives at its page."""
    keeper = visit(language.replace("_", "-"), narrow=narrow)
    page = sign_in(keeper, add_member(world, "库管", [Role.WAREHOUSE], language).email)
    page.wait_for_url("**/warehouse/")
    return keeper


def scan(page: Page, text: str, end: str) -> None:
    """Types as a scanner does: all keys at once, without a look at where the focus is."""
    for key in text:
        page.keyboard.press("Shift+" + key if key.isupper() else key)
    page.keyboard.press(end)


def states(world: World) -> dict[str, str]:
    """Number → state of the company's notes."""
    query = sa.select(Delivery.number, Delivery.state).where(Delivery.tenant_id == world.tenant_id)
    with world.reading() as db:
        return {row.number: row.state for row in db.execute(query)}


@pytest.mark.parametrize("narrow", [False, True], ids=["tablet", "phone"])
def test_the_warehouse_is_refused_at_the_tap_and_told_why_and_whom_to_ask(
    stock: World, visit: Callable[..., Visitor], narrow: bool
) -> None:
    keeper = keeper_at(visit, stock, "zh_CN", narrow=narrow)
    page = keeper.page
    expect(page.get_by_role("button", name="发货 DL-2026-A")).to_be_visible()
    stop = stock.stop_shipments(stock.customer_id())
    page.get_by_role("button", name="发货 DL-2026-A").click()
    page.wait_for_url("**note=DL-2026-A")
    expect(page.get_by_role("status").first).to_contain_text("打开本页之后")
    held = page.locator(".stays")
    expect(held).to_contain_text("已停止对该客户发货")
    expect(held).to_contain_text("财务")
    assert "¥" not in page.locator("main").inner_text()
    assert states(stock) == {"DL-2026-A": "planned", "DL-2026-B": "planned"}
    keeper.check()
    with stock.transaction() as db:
        lift_stop(db, stock.actor(), stop, LiftStop(reason="paid"))
    page.get_by_role("button", name="再次检查，通过即发货").click()
    page.get_by_text("已发货。").wait_for()
    assert states(stock) == {"DL-2026-A": "shipped", "DL-2026-B": "planned"}


@pytest.mark.parametrize(
    ("text", "end"),
    [("DL-2026-B", "Enter"), ("]C1DL-2026-B", "Tab"), ("*DL-2026-B*", "Enter"), ("dl-2026-b", "Tab")],
    ids=["plain", "symbology and Tab", "stars of Code 39", "small letters"],
)
def test_a_scan_finds_its_note_even_while_the_button_of_another_has_the_focus(
    stock: World, visit: Callable[..., Visitor], text: str, end: str
) -> None:
    keeper = keeper_at(visit, stock, "en")
    page = keeper.page
    page.get_by_role("button", name="Ship DL-2026-A").focus()
    scan(page, text, end)
    page.wait_for_url("**note=**")
    expect(page.get_by_role("button", name="Ship DL-2026-B")).to_be_visible()
    expect(page.get_by_role("button", name="Ship DL-2026-A")).to_have_count(0)
    assert states(stock) == {"DL-2026-A": "planned", "DL-2026-B": "planned"}
    scan(page, "DL-2026-A", "Enter")
    expect(page.get_by_role("button", name="Ship DL-2026-A")).to_be_visible()
