"""Credit in a browser: who is over, one customer's credit, a stop, Annex 2; wide and narrow, light and dark."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta

import pytest

from ar.credit.models import OverLimitRequest
from ar.credit.rules.commitment import OrderAmounts
from ar.credit.rules.decision import OrderFacts
from kernel.ids import new_id
from tenants.permissions import Role
from tests.browser.conftest import MONDAY, Visitor
from tests.browser.people import add_member, sign_in
from tests.support.approvals import approve_all, everybody
from tests.support.world import World

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("language", "narrow", "dark"), [("en", False, False), ("zh_CN", True, True)])
def test_finance_sees_who_is_over_and_stops_shipments(
    visit: Callable[..., Visitor], world: World, language: str, narrow: bool, dark: bool
) -> None:
    world = world.on(MONDAY.date())
    customer = world.creditor(100_000_00, "00001", grade="B")
    world.limit(
        customer, 20_000_00, kind="temporary", start=world.today, end=world.today + timedelta(days=4), grade="B"
    )
    world.late_invoice(customer, number="INV-1001", minor=70_000_00, days_late=12)
    world.commit_order(customer, new_id(), OrderAmounts(60_000_00, 20_000_00, 0, 0))
    everybody(world, ("sales_manager", "finance_director", "general_manager"))
    approval = world.request_over_limit(
        customer, OrderFacts(new_id(), "SO-9", "CNY", 9_000_00, 9_000_00, 30), world.today
    )
    approve_all(world, approval, world.today)
    with world.reading() as db:
        request_id = db.query(OverLimitRequest.id).filter(OverLimitRequest.tenant_id == world.tenant_id).scalar()
    visitor = visit(language.replace("_", "-"), narrow=narrow)
    page = visitor.page
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    sign_in(visitor, add_member(world, "林晓", [Role.FINANCE], language).email)

    def look(path: str, name: str) -> None:
        visitor.go(world.url(path))
        visitor.check()
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=f"{folder}/{name}-{language}.png", full_page=True)

    look("/credit/limits/", "limits")
    look(f"/credit/customers/{customer}", "credit")
    page.locator("#" + "credit-stops-" + str(customer)).locator("summary").first.click()
    form = page.locator("form[action$='/stops']")
    form.locator("button[type=submit], button.btn").last.click()
    visitor.check()
    form = page.locator("form[action$='/stops']")
    form.locator("textarea").fill("INV-1001 is 12 days past due")
    form.locator("button.btn").last.click()
    page.wait_for_load_state()
    look(f"/credit/customers/{customer}", "stopped")
    assert page.locator("form[action$='/lifting']").count() == 1
    look(f"/credit/over-limit/{request_id}", "annex2")
    look("/credit/over-limit/", "requests")
    look("/credit/proofs/", "proofs")
    look(f"/customers/{customer}", "customer")
