"""The pages of bank statements over HTTP: upload, what was found, whose account, lines set aside, and who may."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from ar.receipts.models import BankAccount, BankFile, BankLine
from kernel.outbox import OutboxMessage
from tests.ar.receipts.bank.samples import CAMT_02, MT940
from tests.support.companies import TestCompany
from tests.support.delivery import drain

CSV = "交易日期,交易金额,对方户名,附言\n2026-11-02,88000.00,深圳鑫晟电子,INV-17\n2026-11-03,-20.00,银行,手续费\n"


def send(client: FlaskClient, company: TestCompany, data: bytes | str, **more: str) -> Any:
    """The upload form with a file."""
    content = data.encode() if isinstance(data, str) else data
    form = {"file": (io.BytesIO(content), "11月流水.csv"), **more}
    return client.post(company.url("/bank/"), data=form, content_type="multipart/form-data")


def new_account(client: FlaskClient, company: TestCompany, **values: str) -> UUID:
    """A bank account by its form."""
    given = {
        "name": "工行基本户",
        "account_no": "6222021001116245",
        "currency": "CNY",
        "account_code": "bank",
        **values,
    }
    assert client.post(company.url("/bank/accounts/"), data=given).status_code == 303
    with company.reading() as db:
        return db.execute(
            sa.select(BankAccount.id).where(
                BankAccount.tenant_id == company.tenant_id, BankAccount.name == given["name"]
            )
        ).scalar_one()


def count_of(company: TestCompany, table: type[BankFile] | type[BankLine]) -> int:
    """How many rows the company has."""
    with company.reading() as db:
        counted = sa.select(sa.func.count()).select_from(table).where(table.tenant_id == company.tenant_id)
        return db.execute(counted).scalar_one()


def test_a_statement_is_uploaded_read_and_shown_line_by_line(company: TestCompany) -> None:
    client = company.client("accountant")
    account = new_account(client, company)
    answer = send(client, company, CSV, bank_account_id=str(account))
    assert answer.status_code == 303
    assert "Being read" in client.get(answer.location).text
    drain(company.tenant_id)
    shown = client.get(answer.location).text
    for text in ("深圳鑫晟电子", "INV-17", "88,000.00", "To match", "CSV"):
        assert text in shown
    listed = client.get(company.url("/bank/")).text
    assert "11月流水.csv" in listed
    assert "深圳鑫晟电子" not in client.get(answer.location + "?state=out").text


def test_the_same_file_again_leads_to_the_first_and_says_so(company: TestCompany) -> None:
    client = company.client("accountant")
    account = str(new_account(client, company))
    first = send(client, company, CSV, bank_account_id=account)
    again = send(client, company, CSV, bank_account_id=account)
    assert first.location == again.location
    assert "Nothing is added twice" in client.get(again.location).text
    drain(company.tenant_id)
    assert (count_of(company, BankFile), count_of(company, BankLine)) == (1, 2)


def test_a_file_of_an_unknown_account_asks_and_is_read_once_the_account_is_added(company: TestCompany) -> None:
    client = company.client("accountant")
    answer = send(client, company, CAMT_02)
    drain(company.tenant_id)
    asking = client.get(answer.location).text
    assert "Which of your accounts is this?" in asking
    assert "DE89370400440532013000" in asking
    file_id = answer.location.rsplit("/", 1)[1]
    form = client.get(
        company.url(f"/bank/accounts/new?account_no=DE89370400440532013000&currency=EUR&file_id={file_id}")
    )
    assert 'value="DE89370400440532013000"' in form.text
    new_account(client, company, name="EUR", account_no="DE89370400440532013000", currency="EUR", file_id=file_id)
    drain(company.tenant_id)
    assert "Alpha GmbH" in client.get(answer.location).text


def test_an_account_is_chosen_for_a_file_and_its_currency_must_agree(company: TestCompany) -> None:
    client = company.client("accountant")
    yuan = new_account(client, company)
    euro = new_account(client, company, name="EUR", account_no="", currency="EUR")
    answer = send(client, company, CAMT_02)
    drain(company.tenant_id)
    told = {"account_no": "DE89370400440532013000", "currency": "EUR"}
    wrong = client.post(answer.location + "/accounts", data={**told, "bank_account_id": str(yuan)})
    assert wrong.status_code == 422
    assert "That account is kept in CNY" in wrong.text
    assert client.post(answer.location + "/accounts", data={**told, "bank_account_id": str(euro)}).status_code == 303
    drain(company.tenant_id)
    assert count_of(company, BankLine) == 2


def test_what_could_not_be_read_stands_with_its_line_in_both_languages(company: TestCompany) -> None:
    client = company.client("accountant")
    new_account(client, company, name="EUR", account_no="50880050/0194774600888", currency="EUR")
    answer = send(client, company, MT940)
    drain(company.tenant_id)
    assert "is not a date: there is no 30 February." in client.get(answer.location).text
    assert "2月" in company.client("accountant", "zh_CN").get(answer.location).text


def test_a_statement_whose_balances_differ_says_by_how_much(company: TestCompany) -> None:
    client = company.client("accountant")
    new_account(client, company, name="EUR", account_no="50880050/0194774600888", currency="EUR")
    answer = send(client, company, MT940.replace("EUR1105,50", "EUR1200,00"))
    drain(company.tenant_id)
    assert "differ from the closing balance by 100.50 EUR" in client.get(answer.location).text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("客户,名称\n1,甲\n", "This is not a bank statement that can be read"),
        (b"%PDF-1.7", "neither a CSV file nor an XLSX"),
        (b"OFXHEADER:100\n\n<OFX></OFX>", "There is no statement of an account"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_reason(company: TestCompany, data: bytes | str, reason: str) -> None:
    client = company.client("accountant")
    answer = send(client, company, data)
    drain(company.tenant_id)
    shown = client.get(answer.location).text
    assert reason in shown
    assert "Nothing from it was added." in shown


def test_a_form_without_a_file_and_an_empty_file_are_refused(company: TestCompany) -> None:
    client = company.client("accountant")
    assert client.post(company.url("/bank/"), data={}).status_code == 422
    empty = send(client, company, b"")
    assert empty.status_code == 422
    assert "The file is empty." in empty.text
    assert send(client, company, CSV, bank_account_id="x").status_code == 422
    assert count_of(company, BankFile) == 0


def test_a_line_is_set_aside_with_a_reason_and_taken_back(company: TestCompany) -> None:
    client = company.client("accountant")
    account = str(new_account(client, company))
    send(client, company, CSV, bank_account_id=account)
    drain(company.tenant_id)
    with company.reading() as db:
        line_id = db.execute(
            sa.select(BankLine.id).where(BankLine.tenant_id == company.tenant_id, BankLine.side == 1)
        ).scalar_one()
    path = company.url(f"/bank/lines/{line_id}")
    without = client.post(path + "/setting-aside", data={"reason": " "})
    assert without.status_code == 422
    for _twice in range(2):
        assert client.post(path + "/setting-aside", data={"reason": "自有账户转账"}).status_code == 303
    assert "自有账户转账" in client.get(path).text
    assert client.post(path + "/taking-back").status_code == 303
    assert "Set aside" in client.get(path).text


def test_an_account_is_changed_and_closed_but_keeps_its_currency(company: TestCompany) -> None:
    client = company.client("accountant")
    account = new_account(client, company)
    path = company.url(f"/bank/accounts/{account}")
    given = {"name": "基本户", "account_no": "6222 0210 0111 6245", "account_code": "bank", "currency": "USD"}
    assert client.post(path, data=given).status_code == 303
    with company.reading() as db:
        row = db.execute(
            sa.select(BankAccount.name, BankAccount.currency, BankAccount.active, BankAccount.account_key).where(
                BankAccount.tenant_id == company.tenant_id
            )
        ).one()
    assert tuple(row) == ("基本户", "CNY", False, "6222021001116245")
    twin = client.post(company.url("/bank/accounts/"), data={**given, "currency": "CNY", "name": "再"})
    assert twin.status_code == 422
    assert "already exists" in twin.text
    assert 'value="再"' in twin.text


def test_who_may_not_upload_or_decide_is_refused_and_reads(company: TestCompany) -> None:
    account = new_account(company.client("accountant"), company)
    seller = company.client("auditor")
    assert seller.get(company.url("/bank/")).status_code == 200
    assert "Read the statement" not in seller.get(company.url("/bank/")).text
    assert send(seller, company, CSV, bank_account_id=str(account)).status_code == 403
    assert seller.post(company.url("/bank/accounts/"), data={"name": "x"}).status_code == 403
    assert company.client("driver").get(company.url("/bank/")).status_code == 403


def test_every_message_of_a_reading_is_worked_off(company: TestCompany) -> None:
    client = company.client("accountant")
    account = str(new_account(client, company))
    send(client, company, CSV, bank_account_id=account)
    drain(company.tenant_id)
    o = OutboxMessage
    with company.reading() as db:
        left = db.execute(
            sa.select(o.kind, o.state, o.last_error).where(
                o.tenant_id == company.tenant_id, o.kind.like("receipts.%"), o.state != "done"
            )
        ).all()
    assert left == []


def test_a_table_that_names_neither_account_nor_currency_is_read_in_those_of_the_account_chosen(
    company: TestCompany,
) -> None:
    client = company.client("accountant")
    pounds = new_account(client, company, name="Lloyds", account_no="GB29NWBK60161331926819", currency="GBP")
    new_account(client, company, name="Petty cash", currency="GBP", account_code="cash", account_no="")
    answer = send(client, company, "Date,Description,Paid out,Paid in,Balance\n13 Nov 2026,CLIENT,,250.00,1250.00\n")
    drain(company.tenant_id)
    asking = client.get(answer.location).text
    assert "The file does not say which account it is of." in asking
    assert "Its currency is that of the account you choose." in asking
    assert "None of your accounts has this number" not in asking
    assert "Petty cash" not in asking  # cash has no bank files
    assert "The file is being read." not in asking
    told = {"account_no": "", "currency": "CNY", "bank_account_id": str(pounds)}
    assert client.post(answer.location + "/accounts", data=told).status_code == 303
    drain(company.tenant_id)
    with company.reading() as db:
        read = sa.select(BankLine.currency, BankLine.amount_minor).where(BankLine.tenant_id == company.tenant_id)
        assert db.execute(read).all() == [("GBP", 250_00)]


def test_signs_against_the_balance_are_shown_by_a_row_and_the_remedy(company: TestCompany) -> None:
    client = company.client("accountant")
    rows = "日期,金额,余额,对方户名\n2026-11-01,-100.00,1100.00,甲\n2026-11-02,-50.00,1150.00,乙\n"
    answer = send(client, company, rows)
    drain(company.tenant_id)
    shown = client.get(answer.location).text
    assert "On 2026-11-02 “金额” is -50.00, but the balance goes from 1100.00 to 1150.00: the other way." in shown
    assert "Say under “Signs of the amounts” which sign is money in." in shown
