"""The pages of bank questions in a real browser: gaps, maybe the same, returns, sure lines; wide and narrow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from ar.receipts.bank import accounts as bank_accounts
from ar.receipts.bank import files as bank_files
from ar.receipts.bank.inputs import BankUpload, SaveBankAccount
from ar.receipts.matching.commands import accept_sure_matches, match_lines
from ar.receipts.returns.queries import waiting_returns
from tenants.permissions import Role
from tests.browser.conftest import MONDAY, Visitor
from tests.browser.people import add_member, sign_in
from tests.support.world import World

NUMBER = "6222021001116245"

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def _statement(number: str, opening: str, closing: str, on: str, *lines: str) -> str:
    body = "".join(f":61:{on}{on[2:]}{line.split('|')[0]}\n:86:{line.split('|')[1]}\n" for line in lines)
    head = f":20:{uuid4().hex[:12]}\n:25:{NUMBER}\n:28C:{number}\n:60F:C{on}CNY{opening}\n"
    return f"{head}{body}:62F:C{on}CNY{closing}\n-\n"


def _upload(world: World, text: str, name: str) -> None:
    with world.transaction() as db:
        actor = world.actor()
        file_id, _new = bank_files.upload(db, actor, BankUpload(name, text.encode()), schedule=False)
        assert bank_files.parse_file(db, actor, file_id) == "read"
        match_lines(db, actor, file_id=file_id)


@pytest.fixture
def world(world: World) -> World:
    """A gap of 500.00, a returned payment, a movement that is maybe known, and two sure lines."""
    world = world.on(MONDAY.date())
    with world.transaction() as db:
        bank_accounts.add_account(db, world.actor(), SaveBankAccount(name="工行基本户", account_no=NUMBER))
    customer = world.customer("00001", "深圳鑫晟电子有限公司")
    for number in (1001, 1002, 1003):
        world.invoice(customer, number=f"INV-{number}", on=date(2026, 9, 1), minor=number * 100)
    paid = "C1001,00NTRFNONREF//B-1|/ORDP//NAME/深圳鑫晟电子有限公司/REMI/货款 INV-1001"
    _upload(world, _statement("11/1", "0,00", "1001,00", "261110", paid), "10日.sta")
    with world.transaction() as db:
        assert accept_sure_matches(db, world.actor()).posted == 1
    back = "RC1001,00NRTINONREF//B-9|退汇 深圳鑫晟电子有限公司"
    _upload(world, _statement("13/1", "1501,00", "500,00", "261113", back), "13日.sta")
    two = [f"C{n},00NTRFNONREF|/ORDP//NAME/深圳鑫晟电子有限公司/REMI/货款 INV-{n}" for n in (1002, 1003)]
    _upload(world, _statement("14/1", "500,00", "2505,00", "261114", *two), "14日.sta")
    for nth in range(2):
        _upload(world, f"账号：{NUMBER}\n交易日期,交易金额,附言\n2026-11-16,+88.00,货款\n" + "\n" * nth, f"{nth}.csv")
    return world


@pytest.mark.parametrize(("language", "narrow"), [("en", False), ("zh_CN", True)])
def test_every_question_of_the_bank_is_found_and_answered(
    world: World, visit: Visit, language: str, narrow: bool
) -> None:
    visitor = visit("en-US" if language == "en" else "zh-CN", narrow=narrow)
    page = sign_in(visitor, add_member(world, "林晓", [Role.ACCOUNTANT], language).email)
    page.emulate_media(color_scheme="dark" if narrow else "light")
    visitor.go(world.url("/bank/"))
    visitor.check()
    page.locator("a[href*='/breaks']").first.click()
    expect(page.locator("main")).to_contain_text("11/1")
    visitor.check()
    visitor.go(world.url("/bank/duplicates"))
    visitor.check()
    with world.reading() as db:
        (line,), _total = waiting_returns(db, world.tenant_id)
    visitor.go(world.url("/bank/returns/"))
    visitor.check()
    visitor.go(world.url(f"/bank/returns/{line.id}"))
    visitor.check()
    page.locator("form[action$='/booking'] button[type=submit]").click()
    expect(page.locator("main")).to_contain_text("RC-2026-000001")
    visitor.check()
    visitor.go(world.url("/matching/sure"))
    visitor.check()
    page.locator("form[action$='/sure'] button[type=submit]").click()
    page.wait_for_url("**/batches/**")
    expect(page.locator("main")).to_contain_text("RC-2026-000003")
    visitor.check()
    visitor.go(world.url("/matching/batches"))
    visitor.check()
