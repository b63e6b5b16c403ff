"""Decisions on credit, from who asks to who decides, each with a browser of their own: on a phone, at a desk."""

from __future__ import annotations

import os
from collections.abc import Callable
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from tenants.permissions import Role
from tests.browser.conftest import MONDAY, Visitor
from tests.browser.people import Member, add_member, sign_in
from tests.support.world import World

pytestmark = pytest.mark.browser


class Arrive:
    """Signs members in, each with a browser of their own, and looks at what they see."""

    def __init__(self, visit: Callable[..., Visitor], language: str, *, dark: bool) -> None:
        self._visit, self.language, self._dark = visit, language, dark
        self._visitors: dict[str, Visitor] = {}

    def __call__(self, member: Member, *, narrow: bool = False) -> Page:
        """Returns the page of a member, who signs in on the first call."""
        if member.email not in self._visitors:
            visitor = self._visit(self.language.replace("_", "-"), narrow=narrow)
            visitor.page.emulate_media(color_scheme="dark" if self._dark else "light", reduced_motion="reduce")
            visitor.page.set_default_timeout(10_000)
            sign_in(visitor, member.email)
            self._visitors[member.email] = visitor
        return self._visitors[member.email].page

    def look(self, member: Member, name: str) -> None:
        """Checks the page of a member: no complaint, axe clean, no sideways scrolling."""
        visitor = self._visitors[member.email]
        visitor.check()
        if folder := os.environ.get("PICTURES"):
            visitor.page.screenshot(path=f"{folder}/{name}-{self.language}.png", full_page=True)


@pytest.fixture
def arrive(request: pytest.FixtureRequest, visit: Callable[..., Visitor]) -> Arrive:
    language, dark = request.param
    return Arrive(visit, language, dark=dark)


@pytest.fixture
def monday(world: World) -> World:
    return world.on(MONDAY.date())


def to_decide(world: World, page: Page) -> None:
    """Opens the first approval that waits for the person."""
    page.goto(page.url.split("/c/")[0] + world.url("/decisions/?kind=approval"))
    page.locator("main a[href*='/approvals/0']").first.click()  # an id, not the page of approvals
    page.wait_for_selector("[name=outcome]")


@pytest.mark.parametrize("arrive", [("en", True)], indirect=True, ids=["English in the dark"])
def test_a_held_order_passes_by_a_request_bound_to_it_and_not_once_it_is_raised(monday: World, arrive: Arrive) -> None:
    seller = add_member(monday, "周敏", [Role.SALESPERSON], arrive.language)
    manager = add_member(monday, "陆建军", [Role.SALES_MANAGER], arrive.language)
    customer = monday.buyer(100_000_00)
    monday.own(customer, seller.id)
    contract = monday.contract(customer, [("离心泵 IH50", "3500.00")], number="CT-2026-7")
    page = arrive(seller, narrow=True)
    page.goto(page.url.split("/c/")[0] + monday.url(f"/orders/new?contract={contract}"))
    page.locator("[name=line_quantity]").first.fill("30")
    page.locator("button[value=confirm]").click()
    page.wait_for_url("**/orders/*-*")
    order = page.url
    expect(page.locator("#order-decision .note.late")).to_be_visible()
    page.locator("#order-decision summary").first.click()
    page.fill("#f-reason", "客户旺季备货")
    page.fill("#f-valid_until_on", "2026-12-31")
    arrive.look(seller, "over-limit-form")
    page.locator("form[action$='/over-limit'] button.primary").click()
    page.wait_for_load_state()
    arrive.look(seller, "over-limit-asked")
    other = arrive(manager)
    to_decide(monday, other)
    arrive.look(manager, "over-limit-decide")
    other.fill("#f-reason", "同意，月底前回款")
    other.locator("button[name=outcome][value=approve]").click()
    other.wait_for_load_state()
    page.goto(order)
    expect(page.locator("#order-decision .note.ok")).to_contain_text("OL-2026-000001")
    arrive.look(seller, "over-limit-passed")
    page.goto(order + "/edit")
    page.locator("[name=line_quantity]").first.fill("31")
    page.locator("button[value=save]").click()
    page.wait_for_url("**/orders/*-*")
    expect(page.locator("#order-decision .note.late")).to_be_visible()


@pytest.mark.parametrize("arrive", [("zh_CN", False)], indirect=True, ids=["Chinese in the light"])
def test_a_review_is_explained_by_the_owner_decided_in_bulk_and_signed(monday: World, arrive: Arrive) -> None:
    seller = add_member(monday, "周敏", [Role.SALESPERSON], arrive.language)
    finance = add_member(monday, "林晓", [Role.FINANCE], arrive.language)
    general = add_member(monday, "沈伟业", [Role.GENERAL_MANAGER], arrive.language)
    customers = [monday.creditor(100_000_00, number, grade="B") for number in ("00001", "00002", "00003")]
    for customer in customers:
        monday.own(customer, seller.id)
    page = arrive(finance)
    home = page.url.split("/c/")[0]
    page.goto(home + monday.url("/reviews/"))
    page.locator("main form[action$='/reviews/'] button").click()
    page.wait_for_url("**/reviews/*-*")
    review = page.url
    phone = arrive(seller, narrow=True)
    for customer in customers:
        phone.goto(f"{review}/of/{customer}")
        arrive.look(seller, "review-explain")
        phone.fill("#f-explanation", "订单季节性，春节后恢复")
        phone.locator("form[action$='/explanation'] button").first.click()
        phone.wait_for_load_state()
    page.goto(review)
    page.locator("[name=all_matching]").check()
    page.select_option("#f-decision", "cut")
    page.fill("#f-percent", "20")
    page.fill("#f-note", "用量不足，下调两成")
    arrive.look(finance, "review-many")
    page.locator("form[action*='/decisions'] button.primary").click()
    page.locator("form[action$='/submission'] button").click()
    page.wait_for_load_state()
    arrive.look(finance, "review-submitted")
    desk = arrive(general)
    to_decide(monday, desk)
    arrive.look(general, "review-sign")
    desk.locator("button[name=outcome][value=approve]").click()
    desk.wait_for_load_state()
    page.goto(home + monday.url(f"/credit/customers/{customers[0]}"))
    expect(page.locator("main")).to_contain_text("80,000.00")
    arrive.look(finance, "review-granted")


@pytest.mark.parametrize("arrive", [("zh_CN", True)], indirect=True, ids=["Chinese in the dark"])
def test_a_signal_is_noted_in_two_taps_on_a_phone_and_decided_within_the_day(monday: World, arrive: Arrive) -> None:
    seller = add_member(monday, "周敏", [Role.SALESPERSON], arrive.language)
    manager = add_member(monday, "陆建军", [Role.SALES_MANAGER], arrive.language)
    customer = monday.creditor(100_000_00, "00001", grade="B")
    monday.invoice(customer, number="INV-1", minor=40_000_00)
    monday.own(customer, seller.id)
    phone = arrive(seller, narrow=True)
    home = phone.url.split("/c/")[0]
    phone.goto(home + monday.url(f"/customers/{customer}"))
    phone.locator(f"#customer-signals-{customer} a.btn").click()
    phone.wait_for_load_state()
    arrive.look(seller, "signal-note")
    phone.locator("button[value=sued]").click()
    phone.wait_for_load_state()
    arrive.look(seller, "signal-noted")
    desk = arrive(manager)
    desk.goto(home + monday.url("/"))
    desk.locator("#today-work a[href$='/signals/']").first.click()
    desk.locator("main tbody a[href*='/signals/']").first.click()
    desk.wait_for_url("**/signals/*-*")
    arrive.look(manager, "signal-decide")
    desk.locator("input[name=decision][value=freeze]").check()
    desk.fill("#f-reason", "被诉，先停发货")
    desk.locator("#main form button.primary").last.click()
    desk.wait_for_load_state()
    arrive.look(manager, "signal-decided")
    _stopped(monday, desk, home, customer)


def _stopped(world: World, page: Page, home: str, customer: UUID) -> None:
    page.goto(home + world.url(f"/credit/customers/{customer}"))
    expect(page.locator("form[action$='/lifting']")).to_have_count(1)
