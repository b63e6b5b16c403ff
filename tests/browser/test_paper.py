"""A4 from the browser: lists, Annex 2 and sheets that Chromium prints; every row is there, nothing stands over it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa

from ar.credit.models import OverLimitRequest
from ar.sales.orders.facts import order_facts
from tenants.permissions import Role
from tests.browser.conftest import Visitor
from tests.browser.people import add_member, sign_in
from tests.support.approvals import person
from tests.support.world import World

TODAY = date(2026, 11, 23)
#: A4 less the margins of `@page`, in px: what a browser lays the page out for (findings/chromium_paper_width.sh).
PAPER = {"width": 688, "height": 994}
A4_PT = (595, 842)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed"),
]


def printed(visitor: Visitor, path: str, folder: Path) -> list[str]:
    """Prints a page as people do, with the margins that it asks for; returns the text of each sheet."""
    visitor.go(path)
    file = folder / "paper.pdf"
    content = visitor.page.pdf(path=file, prefer_css_page_size=True, print_background=False)
    boxes = re.findall(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert {(round(float(width)), round(float(height))) for width, height in boxes} == {A4_PT}
    text = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True).stdout.decode()
    return [re.sub(r"\s+", " ", each) for each in text.removesuffix("\f").split("\f")]


def cut(visitor: Visitor) -> list[str]:
    """What would be cut off at the right edge of the paper, or stands fixed over every sheet."""
    page = visitor.page
    page.emulate_media(media="print")
    page.set_viewport_size(PAPER)  # type: ignore[arg-type]
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("main *, nav, .phone-bar")].filter((each) => {
          const box = each.getBoundingClientRect(), fixed = getComputedStyle(each).position === "fixed";
          return box.width && box.height && (fixed || box.right > window.innerWidth + 1) && !each.closest(".sr");
        }).map((each) => `${each.tagName}.${each.className}: ${each.textContent.trim().slice(0, 40)}`)"""
    )
    page.emulate_media(media="null")
    page.set_viewport_size({"width": 1440, "height": 900})
    return found


@pytest.fixture(name="clerk")
def signed_in_clerk(world: World, visit: Callable[..., Visitor]) -> Visitor:
    visitor = visit("zh-CN")
    sign_in(visitor, add_member(world, "林晓", [Role.FINANCE, Role.ORDER_FOLLOW_UP], "zh_CN").email)
    return visitor


def test_a_long_list_prints_every_row_under_a_repeated_head_and_no_bar_over_it(
    world: World, clerk: Visitor, tmp_path: Path
) -> None:
    world = world.on(TODAY)
    numbers = [f"{at:05}" for at in range(1, 51)]
    for number in numbers:
        world.limit(world.customer(number, f"深圳市第{number}号连接器制造有限公司"), 100_000_00)
    sheets = printed(clerk, world.url("/credit/limits/?size=50"), tmp_path)
    assert len(sheets) >= 3
    assert [number for number in numbers if not any(number in sheet for sheet in sheets)] == []
    assert all("可用额度" in sheet for sheet in sheets if "100,000.00" in sheet), "the head stands on every sheet"
    for at, sheet in enumerate(sheets, start=1):
        assert f"{at}/{len(sheets)}" in sheet.replace(" ", "")
        assert "更多" not in sheet, "the bar of a phone"
        assert "筛选" not in sheet
    assert cut(clerk) == []


def test_annex_2_and_the_list_of_unsigned_notes_print_whole(world: World, clerk: Visitor, tmp_path: Path) -> None:
    early = world.on(TODAY - timedelta(days=20))
    customer = early.customer(name="北京亦城轨道交通电气设备制造有限公司")
    early.complete_file(customer)
    early.limit(customer, 1_000_000_00)
    for at in range(1, 13):
        early.shipped_note(early.released_order(customer, ("不锈钢阀门 DN50", "10", "98.70")), number=f"DL-P-{at:02}")
    (sheet,) = printed(clerk, world.url("/unsigned/print"), tmp_path)
    assert [at for at in range(1, 13) if f"DL-P-{at:02}" not in sheet] == []
    assert "12 张送货单" in sheet
    assert cut(clerk) == []
    request = over_limit_request(world.on(TODAY))
    sheets = printed(clerk, world.url(f"/credit/over-limit/{request}"), tmp_path)
    text = " ".join(sheets)
    for expected in ("超信用额度", "拦截原因", "申请时的客户情况", "审批记录"):
        assert expected in text, expected
    assert "更多" not in text
    assert cut(clerk) == []


def over_limit_request(world: World) -> UUID:
    """Asks to let an order pass that is over its limit; returns the request's id."""
    for role in ("sales_manager", "finance_director", "general_manager"):
        person(world, role)
    customer = world.buyer(1_000_00, "00077")
    order = world.order(customer, ("离心泵 IH50", "30", "3500.00"))
    world.confirm(order)
    with world.reading() as db:
        facts = order_facts(db, world.tenant_id, order)
    world.request_over_limit(customer, facts, world.today + timedelta(days=30))
    with world.reading() as db:
        query = sa.select(OverLimitRequest.id).where(OverLimitRequest.tenant_id == world.tenant_id)
        found: UUID = db.execute(query).scalar_one()
        return found
