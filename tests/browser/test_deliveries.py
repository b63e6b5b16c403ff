"""Goods on their way in a real browser: the warehouse scans and ships, the driver has it signed, follow-up says why."""

from __future__ import annotations

import base64
import os
import re
import struct
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from ar.sales.models import SignOff
from kernel.storage import load
from tenants.permissions import Role
from tests.browser.conftest import Visitor
from tests.browser.people import add_member, sign_in
from tests.support.world import World

TODAY = date(2026, 11, 23)
#: An Exif header that says: turn me a quarter to the right.
QUARTER = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"

pytestmark = pytest.mark.browser


def _signed_in(
    visit: Callable[..., Visitor], world: World, role: Role, language: str, *, narrow: bool = False
) -> tuple[Visitor, UUID]:
    member = add_member(world, role.value, [role], language)
    visitor = visit(language.replace("_", "-"), narrow=narrow)
    sign_in(visitor, member.email)
    return visitor, member.id


def _look(visitor: Visitor, name: str) -> None:
    """Checks the page; with SHOTS in the environment also takes pictures of it."""
    visitor.check()
    if not (folder := os.environ.get("SHOTS")):
        return
    for scheme in ("light", "dark"):
        visitor.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width in (390, 1024, 1440):
            visitor.page.set_viewport_size({"width": width, "height": 844 if width == 390 else 768})
            visitor.page.screenshot(path=f"{folder}/{name}-{scheme}-{width}.png", full_page=True)
    visitor.page.emulate_media(color_scheme="light")


def _sideways_photo(visitor: Visitor) -> bytes:
    """A photo of 240 × 120 points that a phone took sideways."""
    url = visitor.page.evaluate(
        "() => { const c = document.createElement('canvas'); c.width = 240; c.height = 120;"
        " c.getContext('2d').fillRect(0, 0, 60, 60); return c.toDataURL('image/jpeg'); }"
    )
    plain = base64.b64decode(url.split(",")[1])
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(QUARTER) + 2) + QUARTER + plain[2:]


def _size(jpeg: bytes) -> tuple[int, int]:
    """Width and height of a JPEG, from its frame header."""
    at = 2
    while True:
        marker, length = struct.unpack_from(">HH", jpeg, at)
        if marker in (0xFFC0, 0xFFC2):
            height, width = struct.unpack_from(">HH", jpeg, at + 5)
            return width, height
        at += 2 + length


@pytest.fixture(name="deliveries")
def world_with_orders(world: World) -> World:
    world = world.on(TODAY)
    customer = world.customer(name="深圳鑫晟电子有限公司")
    world.complete_file(customer)
    world.limit(customer, 100_000_00)
    return world


def test_a_scanner_finds_a_note_by_enter_or_tab_and_one_tap_ships(
    deliveries: World, visit: Callable[..., Visitor]
) -> None:
    world = deliveries
    order = world.released_order(world.customer_id(), ("不锈钢阀门 DN50", "10", "98.70"), ("密封圈", "200", "1.20"))
    notes = [world.note(order, (1, "4"), number="DL-A"), world.note(order, (1, "6"), (2, "200"), number="DL-B")]
    blocked = world.customer("00002", "广州远大贸易有限公司")
    world.complete_file(blocked)
    world.limit(blocked, 100_000_00)
    world.note(world.released_order(blocked, ("法兰", "8", "45.00")), number="DL-C")
    world.late_invoice(blocked, number="LATE-9", minor=77_00, days_late=40)
    keeper, _id = _signed_in(visit, world, Role.WAREHOUSE, "zh_CN")
    keeper.page.set_viewport_size({"width": 1024, "height": 768})
    keeper.go(world.url("/warehouse/"))
    keeper.page.get_by_text("客户有到期未付款").wait_for()
    _look(keeper, "warehouse")
    for key, number in (("Enter", "DL-B"), ("Tab", "DL-A")):
        keeper.go(world.url("/warehouse/"))
        keeper.page.keyboard.type(number)
        keeper.page.keyboard.press(key)
        keeper.page.wait_for_url(f"**note={number}")
        assert keeper.page.locator("main article, main section.card, main .card").count() == 1
        keeper.page.get_by_role("button", name=f"发货 {number}").click()
        keeper.page.get_by_text("已发货。").wait_for()
    assert [world.delivery(note).state for note in notes] == ["shipped", "shipped"]


def test_the_driver_has_a_note_signed_on_the_glass_and_takes_a_photo(
    deliveries: World, visit: Callable[..., Visitor]
) -> None:
    world = deliveries
    driver, driver_id = _signed_in(visit, world, Role.DRIVER, "en", narrow=True)
    order = world.released_order(world.customer_id(), ("不锈钢阀门 DN50", "10", "98.70"))
    drawn, pictured = (world.shipped_note(order, (1, part), driver_id=driver_id) for part in ("4", "6"))
    driver.go(world.url("/driver/"))
    driver.check()
    driver.go(world.url(f"/driver/{drawn}"))
    driver.page.get_by_role("button", name="Send").click()
    assert "There is no signature yet" in driver.page.locator(".form-errors").inner_text()
    driver.page.locator("canvas").scroll_into_view_if_needed()
    box = driver.page.locator("canvas").bounding_box()
    assert box is not None
    driver.page.mouse.move(box["x"] + 20, box["y"] + 20)
    driver.page.mouse.down()
    for step in range(1, 12):
        driver.page.mouse.move(box["x"] + 20 + 15 * step, box["y"] + 20 + (step % 3) * 20)
    driver.page.mouse.up()
    _look(driver, "handover")
    driver.page.get_by_role("button", name="Send").click()
    driver.page.wait_for_url("**/driver/")
    assert world.delivery(drawn).state == "signed"
    driver.go(world.url(f"/driver/{pictured}"))
    photo = {"name": "IMG_7.jpg", "mimeType": "image/jpeg", "buffer": _sideways_photo(driver)}
    driver.page.locator("input[type=file]").set_input_files(photo)  # type: ignore[arg-type]
    expect(driver.page.locator("[data-photo]")).to_have_attribute("data-ready", re.compile(r"^photo\.jpg\d+$"))
    driver.page.get_by_role("button", name="Send").click()
    driver.page.wait_for_url("**/driver/")
    with world.reading() as db:
        found = sa.select(SignOff.file_sha256).where(
            SignOff.tenant_id == world.tenant_id, SignOff.delivery_id == pictured
        )
        sent = load(db, world.tenant_id, db.execute(found).scalar_one())
    assert _size(sent.content) == (120, 240)


def test_follow_up_works_the_list_of_monday(deliveries: World, visit: Callable[..., Visitor]) -> None:
    early = deliveries.on(TODAY - timedelta(days=20))
    old = early.shipped_note(early.released_order(early.customer_id(), ("不锈钢阀门 DN50", "10", "98.70")))
    recent = deliveries.shipped_note(deliveries.released_order(deliveries.customer_id(), ("法兰", "8", "45.00")))
    deliveries.sign(recent, (1, "5"), short="3 件破损")
    follower, _id = _signed_in(visit, deliveries, Role.ORDER_FOLLOW_UP, "zh_CN")
    follower.go(deliveries.url("/unsigned/"))
    _look(follower, "unsigned")
    row = follower.page.locator("tr", has_text=deliveries.delivery(old).number)
    row.get_by_text("说明原因").click()
    row.locator("input[name=reason]").fill("客户盖章中")
    row.get_by_role("button", name="登记").click()
    follower.page.get_by_text("原因已记录").wait_for()
    follower.go(deliveries.url(f"/deliveries/{recent}"))
    _look(follower, "note")
    accountant, _id = _signed_in(visit, deliveries, Role.ACCOUNTANT, "en", narrow=True)
    for name, path in (
        ("to-invoice", "/to-invoice/"),
        ("deliveries", "/deliveries/"),
        ("note-en", f"/deliveries/{recent}"),
    ):
        accountant.go(deliveries.url(path))
        _look(accountant, name)
    follower.go(deliveries.url(f"/orders/{deliveries.delivery(recent).order_id}"))
    follower.check()
