"""The main journey in a real browser: from a file of open receivables to a confirmed statement, seen by both sides."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.clock import fixed_clock
from tenants.permissions import Role
from tests.browser.conftest import MONDAY, Visitor
from tests.browser.people import PASSWORD, add_member, sign_in
from tests.support.companies import TestCompany
from tests.support.delivery import Post, drain

OPEN_ITEMS = """客户编码,客户名称,单据号,单据类型,单据日期,到期日,币种,金额
00042,深圳鑫晟电子有限公司,XS2610-001,发票,2026-09-20,2026-10-20,CNY,"180,000.00"
00042,深圳鑫晟电子有限公司,XS2610-002,发票,2026-10-12,2026-11-11,CNY,"66,400.50"
00043,东莞恒达精密有限公司,XS2610-003,发票,2026-10-30,2026-11-29,CNY,"9,600.00"
"""

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


@pytest.fixture
def accountant(company: TestCompany) -> str:
    """The e-mail of an accountant who has chosen a password and reads Chinese."""
    return add_member(company, "林晓", [Role.ACCOUNTANT, Role.FINANCE_DIRECTOR, Role.SALES_MANAGER]).email


def _work(company: TestCompany) -> None:
    """What dispatcher and worker do, on the same Monday as the pages."""
    with fixed_clock(MONDAY):
        outcomes = drain(company.tenant_id)
    assert set(outcomes) <= {"done", "sent"}, outcomes


def _sign_in(visitor: Visitor, email: str) -> None:
    visitor.go("/sign-in")
    visitor.check()
    visitor.page.get_by_label("邮箱").fill(email)
    visitor.page.get_by_label("密码").fill(PASSWORD)
    visitor.page.locator("main button[type=submit]").click()
    visitor.page.wait_for_url("**/c/**")


def _import(visitor: Visitor, company: TestCompany, file: Path) -> None:
    page = visitor.page
    visitor.go(company.url("/imports/"))
    visitor.check()
    page.locator("input[name=kind][value=open-items]").check()
    page.locator("input[type=file][name=file]").set_input_files(file)
    page.get_by_role("button", name="检查文件").click()
    _work(company)
    page.reload()
    assert "256,000.50" in page.inner_text("main")
    visitor.check()
    page.get_by_label("行数与合计与来源一致").check()
    page.get_by_role("button", name=re.compile("应用 3 行")).click()
    _work(company)
    page.reload()
    assert "这些行已入账" in page.inner_text("main")


def _add_contact(visitor: Visitor, company: TestCompany) -> str:
    page = visitor.page
    visitor.go(company.url("/customers/"))
    visitor.check()
    page.get_by_role("link", name="深圳鑫晟电子有限公司").first.click()
    visitor.check()
    customer_url = page.url
    page.goto(customer_url + "/contacts/new")
    page.locator("[name=name]").fill("李娜")
    page.locator("[name=title]").fill("财务经理")
    page.locator("[name=email]").fill("lina@xinsheng.example")
    for box in page.locator("[name=purposes]").all():
        box.check()
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_load_state()
    return customer_url


def _approve_letters(visitor: Visitor, company: TestCompany, post: Post) -> None:
    page = visitor.page
    visitor.go(company.url("/cases/"))
    page.get_by_role("button", name="立即运行今日").click()
    page.wait_for_load_state()
    visitor.check()
    assert "到期告知" in page.inner_text("main")
    page.get_by_role("button", name="批准…").click()
    page.wait_for_load_state()
    visitor.check()
    assert "246,400.50" in page.inner_text("main")
    page.get_by_role("button", name="批准并发送 1 封函件").click()
    page.wait_for_load_state()
    _work(company)
    (letter,) = post.to("lina@xinsheng.example")
    assert "246,400.50" in letter.text
    assert letter.attachments[0].content.startswith(b"%PDF-")


def _issue_statement(visitor: Visitor, company: TestCompany, post: Post, customer_url: str) -> str:
    page = visitor.page
    page.goto(customer_url)
    page.get_by_role("link", name="出具对账单").first.click()
    page.locator("[name=period]").first.fill("2026-10")
    visitor.check()
    page.get_by_role("button", name="出具并发给此客户").click()
    page.wait_for_load_state()
    _work(company)
    mail = post.to("lina@xinsheng.example")[-1]
    assert "ST-2026-10-" in mail.subject
    found = re.search(r"/p/[\w-]+", mail.text)
    assert found
    return found.group(0)


def _answer(debtor: Visitor, company: TestCompany, post: Post, link: str) -> str:
    page = debtor.page
    debtor.go(link)
    assert "246,400.50" in page.inner_text("main")
    assert "贰拾肆万陆仟肆佰元零伍角" in page.inner_text("main").replace("元伍角", "元零伍角")
    page.locator("input[type=radio][value=agrees]").check()
    page.locator("[name=signer_name]").fill("李娜")
    page.locator("[name=signer_title]").fill("财务经理")
    page.locator("[name=authority]").check()
    page.locator("main form button.primary").first.click()
    page.get_by_role("button", name="发送验证码").click()
    _work(company)
    code = re.search(r"^\s*(\d{6})\s*$", post.to("lina@xinsheng.example")[-1].text, re.MULTILINE)
    assert code
    page.locator("[name=code]").fill(code.group(1))
    page.get_by_role("button", name="核对我的答复").click()
    page.get_by_role("button", name="提交答复").click()
    text = page.inner_text("main")
    assert "您的答复已存档" in text
    reference = re.search(r"CF-\d{4}-\d{6}", text)
    assert reference
    return reference.group(0)


def test_from_an_imported_ledger_to_a_confirmed_statement(
    company: TestCompany, accountant: str, visit: Visit, post: Post, tmp_path: Path
) -> None:
    file = tmp_path / "未清应收.csv"
    file.write_bytes(OPEN_ITEMS.encode("gb18030"))
    visitor = visit("zh-CN")
    _sign_in(visitor, accountant)
    visitor.check()
    _import(visitor, company, file)
    customer_url = _add_contact(visitor, company)
    _approve_letters(visitor, company, post)
    link = _issue_statement(visitor, company, post, customer_url)

    debtor = visit("zh-CN", narrow=True, javascript=False)
    reference = _answer(debtor, company, post, link)
    _work(company)
    assert any(reference in mail.subject for mail in post.to("lina@xinsheng.example"))

    visitor.page.goto(customer_url)
    visitor.check()
    assert reference in visitor.page.inner_text("main")
    visitor.go(company.url("/statements/"))
    visitor.check()
    assert "相符" in visitor.page.inner_text("main")


@pytest.mark.parametrize(("language", "narrow"), [("zh-CN", False), ("en-US", True)])
def test_every_page_holds_up_wide_and_narrow_in_both_languages(
    company: TestCompany, accountant: str, visit: Visit, language: str, narrow: bool
) -> None:
    visitor = visit(language, narrow=narrow)
    sign_in(visitor, accountant)
    for path in (
        "/",
        "/customers/",
        "/customers/new",
        "/receivables/",
        "/statements/",
        "/statements/new",
        "/cases/",
        "/aging/",
        "/imports/",
        "/journal",
        "/settings/",
        "/search?q=x",
    ):
        visitor.go(company.url(path))
        visitor.check()
