"""Photos of phones in a real browser: 12 MB taken sideways, HEIC, and what the server keeps of them."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from ar.sales.models import SignOff
from kernel.storage import load
from tenants.permissions import Role
from tests.browser.conftest import Visitor
from tests.browser.people import add_member, sign_in
from tests.browser.test_deliveries import _size
from tests.support.world import World

TODAY = date(2026, 11, 23)
#: An Exif header that says: turn me a quarter to the right.
QUARTER = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + os.urandom(2_000)
#: Left half red, right half blue: 4,000 × 3,000 points as the sensor saw them.
PICTURE = """async () => {
  const canvas = new OffscreenCanvas(4000, 3000), ink = canvas.getContext("2d");
  ink.fillStyle = "#d00000"; ink.fillRect(0, 0, 2000, 3000);
  ink.fillStyle = "#0000d0"; ink.fillRect(2000, 0, 2000, 3000);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 })).arrayBuffer());
  return Array.from(bytes);
}"""
#: Colours at the middle of the upper and of the lower half, as a browser shows the picture.
HALVES = """async (bytes) => {
  const picture = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/jpeg" }));
  const canvas = new OffscreenCanvas(picture.width, picture.height), ink = canvas.getContext("2d");
  ink.drawImage(picture, 0, 0);
  return [0.25, 0.75].map((part) => {
    const [red, , blue] = ink.getImageData(picture.width / 2, picture.height * part, 1, 1).data;
    return red > blue ? "red" : "blue";
  });
}"""

pytestmark = pytest.mark.browser


def photo_of_12_mb(page: Page) -> bytes:
    """A photo taken sideways, of nearly 12 MB with what the camera wrote beside the picture."""
    plain = bytes(page.evaluate(PICTURE))
    turned = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(QUARTER) + 2) + QUARTER
    notes = os.urandom(65_000)
    while len(turned) + len(plain) < 11_900_000:
        turned += b"\xff\xec" + struct.pack(">H", len(notes) + 2) + notes
    return turned + plain[2:]


def at_handover(world: World, visit: Callable[..., Visitor]) -> tuple[Visitor, object]:
    """A driver at the page of a note that is on its way; returns the visitor and the note."""
    world = world.on(TODAY)
    customer = world.customer(name="深圳鑫晟电子有限公司")
    world.complete_file(customer)
    world.limit(customer, 100_000_00)
    member = add_member(world, "邓强", [Role.DRIVER], "zh_CN")
    driver = visit("zh-CN", narrow=True)
    sign_in(driver, member.email)
    note = world.shipped_note(world.released_order(customer, ("法兰", "8", "45.00")), driver_id=member.id)
    driver.go(world.url(f"/driver/{note}"))
    return driver, note


def kept(world: World, note: object) -> bytes:
    """The bytes of the photo that the sign-off of a note keeps."""
    query = sa.select(SignOff.file_sha256).where(SignOff.tenant_id == world.tenant_id, SignOff.delivery_id == note)
    with world.reading() as db:
        return load(db, world.tenant_id, db.execute(query).scalar_one()).content


def test_a_photo_of_12_mb_taken_sideways_is_sent_small_and_upright(world: World, visit: Callable[..., Visitor]) -> None:
    driver, note = at_handover(world, visit)
    page = driver.page
    photo = photo_of_12_mb(page)
    assert 11_800_000 < len(photo) < 12_000_000
    upload = {"name": "IMG_4711.jpg", "mimeType": "image/jpeg", "buffer": photo}
    page.locator("input[type=file]").set_input_files(upload)  # type: ignore[arg-type]
    expect(page.locator("[data-photo]")).to_have_attribute("data-ready", re.compile(r"\.jpg\d{4,7}$"), timeout=30_000)
    page.get_by_role("button", name="发送").click()
    page.wait_for_url("**/driver/")
    sent = kept(world, note)
    assert _size(sent) == (1350, 1800)
    assert page.evaluate(HALVES, list(sent)) == ["red", "blue"], "a quarter to the right: what was left is above"
    assert b"Exif" not in sent, "where and with what it was taken stays on the phone"


def test_without_script_the_photo_travels_as_it_is(world: World, visit: Callable[..., Visitor]) -> None:
    painter = visit("zh-CN")
    photo = photo_of_12_mb(painter.page)

    def plainly(language: str, **more: bool) -> Visitor:
        return visit(language, javascript=False, **more)

    driver, note = at_handover(world, plainly)
    upload = {"name": "IMG_4711.jpg", "mimeType": "image/jpeg", "buffer": photo}
    driver.page.locator("input[type=file]").set_input_files(upload)  # type: ignore[arg-type]
    driver.page.get_by_role("button", name="发送").click()
    driver.page.wait_for_url("**/driver/")
    assert kept(world, note) == photo, "evidence: not a byte is changed"


def test_a_heic_photo_is_refused_with_what_to_do_and_the_rest_is_kept(
    world: World, visit: Callable[..., Visitor]
) -> None:
    driver, _note = at_handover(world, visit)
    page = driver.page
    page.locator("[name=note]").fill("门卫代收")
    for name, kind in (("IMG_4711.HEIC", "image/heic"), ("IMG_4711.jpg", "image/jpeg")):
        upload = {"name": name, "mimeType": kind, "buffer": HEIC}
        page.locator("input[type=file]").set_input_files(upload)  # type: ignore[arg-type]
        page.get_by_role("button", name="发送").click()
        expect(page.locator(".form-errors")).to_contain_text("HEIC")
        expect(page.locator(".form-errors")).to_contain_text("兼容性最佳")
        expect(page.locator("[name=note]")).to_have_value("门卫代收")
    driver.check()
