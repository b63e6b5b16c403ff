"""The way around: headings by role, counters of what waits for me, Today by role, lists that read well (W1, W7, W9)."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tenants.slice import HEADING_NAMES, Heading
from tests.ar.reports.scene import TODAY, clock_at, make_debtors, page_text
from tests.support.world import World


@pytest.fixture
def desk(world: World) -> World:
    make_debtors(world, copies=2)
    return world


def _headings(html: str) -> list[str]:
    """The headings of the side bar, in order, each in its first word."""
    side = html.split('<nav class="nav"')[1].split("</nav>")[0]
    side = re.sub(r"<ul>(?:(?!<ul>).)*?</ul>\s*</details>", "</details>", side, flags=re.DOTALL)
    found = re.findall(r"<(?:summary|a href)[^>]*>([^<]+)", side)
    return [each.strip() for each in found if each.strip()]


def _look(world: World, role: str, path: str = "/") -> str:
    with clock_at(TODAY):
        return " ".join(page_text(world.client(role), world, path).split())


def test_there_are_ten_headings_at_most() -> None:
    assert len(Heading) <= 10
    assert set(HEADING_NAMES) == set(Heading)


@pytest.mark.parametrize(
    ("role", "headings"),
    [
        (
            "accountant",
            [
                *("Today", "My decisions", "Customers", "Credit and sales", "Receivables", "Cash receipts"),
                *("Collections", "Statements", "Books", "Reports and company"),
            ],
        ),
        (
            "salesperson",
            [
                *("Today", "Customers", "Credit and sales", "Receivables", "Collections"),
                *("Statements", "Reports and company"),
            ],
        ),
        ("warehouse", ["Credit and sales"]),
    ],
)
def test_what_a_role_never_uses_is_not_there(desk: World, role: str, headings: list[str]) -> None:
    assert _headings(_look(desk, role, "/deliveries/")) == headings


def test_counters_count_what_waits_for_the_reader(desk: World) -> None:
    """Two letters are proposed; who may release them is told so, the auditor is not."""
    releases, looks = _look(desk, "accountant"), _look(desk, "auditor")
    assert 'title="Waiting for you">2</span>' in releases
    assert 'class="count"' not in looks.split("<main")[0]


def test_a_phone_has_a_bar_of_five_at_most_and_the_rest_on_a_page(desk: World) -> None:
    html = _look(desk, "accountant", "/pages")
    bar = html.split('<nav class="phone-bar"')[1].split("</nav>")[0]
    assert re.findall(r"<span>([^<]+)</span>", bar) == ["Today", "Search", "Call", "To decide", "More"]
    assert desk.url("/books/periods") in html.split("<main")[1]
    warehouse = _look(desk, "warehouse", "/warehouse/").split('<nav class="phone-bar"')[1].split("</nav>")[0]
    assert re.findall(r"<span>([^<]+)</span>", warehouse) == ["Warehouse", "Deliveries", "More"]


def test_today_is_of_the_role_and_work_stands_above_figures(desk: World) -> None:
    accountant, leader, auditor = _look(desk, "accountant"), _look(desk, "general_manager"), _look(desk, "auditor")
    assert accountant.index("What needs me") < accountant.index("of which overdue")
    assert "2 credits to apply" in accountant
    assert "2 letters to release" in accountant
    assert "The team" not in accountant
    assert "The team" in leader
    assert "credits to apply" not in leader
    assert "Nothing waits for you today." in auditor
    assert "What goes out today" not in auditor


def test_the_list_of_decisions_names_letters_with_recipient_and_sum(desk: World) -> None:
    html = _look(desk, "accountant", "/decisions/")
    assert "王芳 &lt;ar@00001.example&gt;" in html
    assert "¥292,400.00" in html  # 312,400.00 less the 20,000.00 in hand
    assert 'action="' + desk.url("/cases/approvals") in html


def test_instalments_say_which_they_are_in_lists_and_search(world: World) -> None:
    days = (date(2026, 10, 1), date(2026, 10, 30), date(2026, 12, 30))
    world.instalments("INV-9", due=days, minor=100_00)
    for path in ("/receivables/", "/search?q=INV-", f"/customers/{world.customer_id()}"):
        html = _look(world, "accountant", path)
        for label in ("INV-9 (1/3)", "INV-9 (2/3)", "INV-9 (3/3)"):
            assert label in html, path


def test_a_receipt_has_no_due_date(desk: World) -> None:
    receipt = desk.item_numbered("RC-00001")
    html = _look(desk, "accountant", f"/receivables/{receipt.id}")
    assert "<dt>Due</dt>" not in html
    listed = _look(desk, "accountant", "/receivables/?state=credits")
    assert 'data-label="Due">—</td>' in listed


def test_a_list_shows_no_hashes_and_no_addresses_of_machines(desk: World) -> None:
    html = _look(desk, "accountant", "/statements/")
    assert "ST-" in html
    assert "SHA-256" not in html
    assert not re.search(r"\b\d{1,3}(?:\.\d{1,3}){3}\b", html.split("<main")[1])


def test_the_customer_begins_with_verbs_and_whom_to_call(desk: World) -> None:
    html = _look(desk, "accountant", f"/customers/{desk.customer_id('00001')}").split("<main")[1]
    verbs, whom, items = html.index("customer-verbs"), html.index("customer-whom"), html.index("customer-items")
    assert verbs < whom < items
    for verb in ("Promise", "Dispute", "Hold", "Write", "Issue a statement"):
        assert verb in html[verbs:whom]
    assert "mailto:ar@00001.example" in html[whom:items]
    held = _look(desk, "accountant", f"/customers/{desk.customer_id('00001')}?place=promise")
    assert '<option value="promise" selected>' in held
