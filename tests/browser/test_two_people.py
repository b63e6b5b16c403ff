"""Two people and a double click in a real browser: nobody overwrites unseen, nothing happens twice."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from ar.cases.models import CollectionHold
from tenants.permissions import Role
from tests.browser.conftest import Visitor
from tests.browser.people import add_member, sign_in
from tests.support.world import World

pytestmark = pytest.mark.browser


def _signed_in(visit: Callable[..., Visitor], world: World, name: str, language: str, *, narrow: bool) -> Visitor:
    member = add_member(world, name, [Role.ACCOUNTANT, Role.ADMIN], language)
    visitor = visit(language.replace("_", "-"), narrow=narrow)
    sign_in(visitor, member.email)
    return visitor


def test_the_second_to_save_reads_the_difference_and_a_double_click_is_one_hold(
    world: World, visit: Callable[..., Visitor]
) -> None:
    customer = world.customer(name="深圳鑫晟电子有限公司", contact_name="李娜", contact_email="lina@xinsheng.example")
    world.invoice(customer, number="INV-1", minor=100_00)
    ann = _signed_in(visit, world, "ann", "zh_CN", narrow=False)
    bo = _signed_in(visit, world, "bo", "en", narrow=True)
    path = world.url(f"/customers/{customer}/edit")
    for visitor in (ann, bo):
        visitor.go(path)
        visitor.check()
    ann.page.locator("#f-name").fill("深圳鑫晟科技有限公司")
    ann.page.locator("#f-term_days").fill("45")
    ann.page.get_by_role("button", name="保存").click()
    ann.page.wait_for_url(f"**/customers/{customer}")
    bo.page.locator("#f-tax_id").fill("91440300MA5DA1111X")
    bo.page.get_by_role("button", name="Save").click()
    summary = bo.page.locator(".form-errors")
    assert "Name: Saved meanwhile: 深圳鑫晟科技有限公司" in summary.inner_text()
    assert "Credit term: days: Saved meanwhile: 45" in summary.inner_text()
    assert bo.page.locator("#f-tax_id").input_value() == "91440300MA5DA1111X"
    bo.check()
    if folder := os.environ.get("SHOTS"):
        for scheme in ("light", "dark"):
            bo.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            for width in (390, 1440):
                bo.page.set_viewport_size({"width": width, "height": 900})
                bo.page.screenshot(path=f"{folder}/stale-{scheme}-{width}.png", full_page=True)
    bo.page.get_by_role("link", name="Name: Saved meanwhile").click()
    assert bo.page.evaluate("document.activeElement.id") == "f-name"
    bo.page.locator("#f-name").fill("深圳鑫晟科技有限公司")
    bo.page.get_by_role("button", name="Save").click()
    bo.page.wait_for_url(f"**/customers/{customer}")

    ann.go(world.url(f"/customers/{customer}"))
    ann.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    ann.check()
    ann.page.locator("#block-form [name=reason]").fill("谈判中")
    ann.page.locator("#block-form button[type=submit]").dblclick()
    ann.page.get_by_text("已暂停，结束前不再提出。").wait_for()
    with world.reading() as db:
        h = CollectionHold
        count = sa.select(sa.func.count()).select_from(h).where(h.tenant_id == world.tenant_id)
        assert db.execute(count).scalar_one() == 1
