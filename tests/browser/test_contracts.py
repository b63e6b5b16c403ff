"""A contract in browsers, from draft to sealed: the salesperson writes it, the manager reviews it, the office seals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import expect

from tenants.permissions import Role
from tests.browser.conftest import Visitor
from tests.browser.people import Member, add_member, sign_in
from tests.support.world import World

TODAY = date(2026, 11, 23)
SCAN = {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 signed by both"}

pytestmark = pytest.mark.browser


def arrived(visit: Callable[..., Visitor], member: Member, language: str, *, narrow: bool = False) -> Visitor:
    """Signs a member in."""
    visitor = visit(language.replace("_", "-"), narrow=narrow)
    sign_in(visitor, member.email)
    return visitor


@pytest.mark.parametrize(("language", "narrow"), [("zh_CN", False), ("en", True)], ids=["desk", "phone"])
def test_a_contract_goes_from_draft_to_sealed(
    world: World, visit: Callable[..., Visitor], language: str, narrow: bool
) -> None:
    world = world.on(TODAY)
    customer = world.buyer(100_000_00)
    seller = add_member(world, "周敏", [Role.SALESPERSON], language)
    world.own(customer, seller.id)
    manager = add_member(world, "陆建军", [Role.SALES_MANAGER], language)
    office = add_member(world, "唐雅文", [Role.GM_OFFICE], language)

    writer = arrived(visit, seller, language, narrow=narrow)
    page = writer.page
    writer.go(world.url("/contracts/new"))
    page.locator("[name=form][value=own]").check()
    page.locator("[name=customer_no]").fill("00001")
    page.locator("[name=title]").fill("2026 年度供货合同")
    page.locator("[name=term_days]").fill("30")
    page.locator("[name=line_product]").first.fill("离心泵 IH50")
    page.locator("[name=line_unit]").first.fill("台")
    page.locator("[name=line_price]").first.fill("3500")
    for box in page.locator("[name=checklist]").all():
        box.check()
    writer.check()
    page.locator("button[value=save]").click()
    page.wait_for_url("**/contracts/*-*")
    contract = page.url
    writer.check()
    page.locator("form[action$='/file'] input[type=file]").set_input_files(SCAN)  # type: ignore[arg-type]
    page.locator("form[action$='/file'] button").click()
    expect(page.locator("a[href$='/file']")).to_contain_text("合同.pdf")
    page.locator("form[action$='/submission'] button").click()
    expect(page.locator("main")).to_contain_text(
        "Choose the approved quotation" if language == "en" else "请选择价格所依据的已批准报价单"
    )  # a price of nobody's approval is not reviewed (R094)
    writer.go(contract + "/edit")
    for name in ("product", "unit", "price"):
        page.locator(f"[name=line_{name}]").first.fill("")
    page.locator("button[value=save]").click()
    page.wait_for_url(contract)
    page.locator("form[action$='/submission'] button").click()
    expect(page.locator("form[action$='/submission']")).to_have_count(0)
    writer.check()

    reviewer = arrived(visit, manager, language)
    reviewer.go(world.url("/decisions/?kind=approval"))
    reviewer.page.locator("main a[href*='/approvals/0']").first.click()
    reviewer.check()
    reviewer.page.locator("button[name=outcome][value=approve]").click()
    reviewer.page.wait_for_load_state()

    sealer = arrived(visit, office, language, narrow=narrow)
    desk = sealer.page
    sealer.go(contract)
    sealer.check()
    seal = desk.locator("form[action$='/sealing']")
    seal.locator("button").click()
    desk.wait_for_load_state()
    expect(desk.locator(".form-errors")).to_be_visible()
    for box in seal.locator("[name=checklist]").all():
        box.check()
    seal.locator("button").click()
    desk.wait_for_load_state()
    expect(desk.locator("form[action$='/sealing']")).to_have_count(0)
    expect(desk.locator("a[href*='/contracts/new?'][href*='supplement=']")).to_have_count(1)
    keep = desk.locator("form[action$='/copies']")
    keep.locator("[name=holder]").fill("唐雅文")
    keep.locator("[name=received_on]").fill(TODAY.isoformat())
    keep.locator("button").click()
    expect(desk.locator("td", has_text="唐雅文").first).to_be_visible()
    sealer.check()

    page.goto(contract)
    expect(page.locator("a[href*='/orders/new?contract=']")).to_be_visible()
    expect(page.locator("form[action$='/file']")).to_have_count(0)
    expect(page.locator("a[href$='/edit']")).to_have_count(0)
    writer.check()
