"""A bank table that does not say everything: nothing is booked, a person says it, the next file is known."""

# ruff: noqa: E501 - rows as banks write them
from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from ar.receipts.bank import files as bank_files
from ar.receipts.bank.accounts import add_account
from ar.receipts.bank.inputs import BankUpload, SaveBankAccount
from ar.receipts.matching.commands import match_lines
from ar.receipts.models import BankLine
from tests.ar.receipts.bank.formats.exports import WECHAT_FUNDS
from tests.ar.receipts.bank.formats.test_recognition import zipped
from tests.ar.receipts.bank.samples import camt, entry, payment
from tests.ar.receipts.bank.test_cli import run
from tests.ar.receipts.bank.test_pages import new_account, send
from tests.support.companies import TestCompany
from tests.support.delivery import drain
from tests.support.world import World

UNKNOWN = "Tag;Was;Wieviel;Wer;Richtung\n02.11.2026;RE-1;1.500,00;Kunde AG;J\n03.11.2026;Strom;200,00;Stadtwerke;N\n"
COLUMNS = {"column-0": "booked_on", "column-1": "text", "column-2": "amount", "column-3": "name", "column-4": "mark"}


def booked(company: TestCompany) -> list[tuple[int, str, str]]:
    """Signed minor units, name and purpose of every line."""
    b = BankLine
    with company.reading() as db:
        rows = db.execute(
            sa.select(b.side * b.amount_minor, b.payer_name, b.remittance)
            .where(b.tenant_id == company.tenant_id)
            .order_by(b.booked_on, b.id)
        )
        return [(row[0], row[1], row[2]) for row in rows]


def test_a_table_of_unknown_columns_is_mapped_on_the_page_and_the_next_one_is_known(company: TestCompany) -> None:
    client = company.client("accountant")
    account = str(new_account(client, company))
    page = send(client, company, UNKNOWN, bank_account_id=account).location
    drain(company.tenant_id)
    shown = client.get(page).text
    assert "What are the columns?" in shown
    assert booked(company) == []
    form = client.get(f"{page}/mapping")
    assert form.status_code == 200
    for text in ("Wieviel", "1.500,00", "Kunde AG", "It is not clear which columns"):
        assert text in form.text

    unsaid = client.post(f"{page}/mapping", data=COLUMNS)
    assert unsaid.status_code == 422  # what J and N mean
    assert "Choose what “J” means." in unsaid.text
    assert 'value="amount" selected' in unsaid.text  # nothing chosen is lost
    words = {"marksword-0": "J", "marks-0": "in", "marksword-1": "N", "marks-1": "out"}
    told = {**COLUMNS, **words, "decimal_mark": ",", "remember": "1", "name": "Hausbank"}
    assert client.post(f"{page}/mapping", data=told).status_code == 303
    drain(company.tenant_id)
    expected = [(1_500_00, "Kunde AG", "RE-1"), (-200_00, "Stadtwerke", "Strom")]
    assert booked(company) == expected

    send(
        client,
        company,
        "Umsätze vom 30.11.2026\n\n" + UNKNOWN.replace("02.11", "04.11").replace("03.11", "05.11"),
        bank_account_id=account,
    )
    drain(company.tenant_id)
    assert booked(company) == [*expected, *expected]


def test_a_mapping_without_an_amount_is_refused_and_keeps_what_was_chosen(company: TestCompany) -> None:
    client = company.client("accountant")
    page = send(client, company, UNKNOWN, bank_account_id=str(new_account(client, company))).location
    drain(company.tenant_id)
    answer = client.post(f"{page}/mapping", data={"column-0": "booked_on", "column-3": "name"})
    assert answer.status_code == 422
    assert "Choose the columns with money in and money out" in answer.text
    assert 'value="name" selected' in answer.text
    assert client.post(f"{page}/mapping", data={}).status_code == 422
    assert booked(company) == []


def test_an_unknown_mark_books_nothing_until_it_is_said(company: TestCompany) -> None:
    client = company.client("accountant")
    text = "交易日期,交易金额,借贷标志,对方户名,附言\n2026-11-02,300.00,贷,甲公司,INV-1\n2026-11-03,300.00,XZ,甲公司,INV-7001\n"
    page = send(client, company, text, bank_account_id=str(new_account(client, company))).location
    drain(company.tenant_id)
    shown = client.get(page).text
    assert "“XZ” in the column “借贷标志” is not known as money in or money out." in shown
    assert booked(company) == []
    form = client.get(f"{page}/mapping").text
    assert form.count("XZ") >= 2
    chosen = {"column-0": "booked_on", "column-1": "amount", "column-2": "mark", "column-3": "name", "column-4": "text"}
    words = {"marksword-0": "贷", "marks-0": "in", "marksword-1": "XZ", "marks-1": "out"}
    assert client.post(f"{page}/mapping", data={**chosen, **words}).status_code == 303
    drain(company.tenant_id)
    assert [minor for minor, _name, _text in booked(company)] == [300_00, -300_00]


def test_only_who_may_import_maps(company: TestCompany) -> None:
    client = company.client("accountant")
    page = send(client, company, UNKNOWN, bank_account_id=str(new_account(client, company))).location
    drain(company.tenant_id)
    assert company.client("salesperson").get(f"{page}/mapping").status_code == 403


def test_the_command_line_asks_the_same_and_takes_the_same_answers(company: TestCompany, tmp_path: Path) -> None:
    client = company.client("accountant")
    new_account(client, company)
    file, mapping = tmp_path / "a.csv", tmp_path / "m.json"
    file.write_text(UNKNOWN, encoding="utf-8")
    given = ("bank", "import", str(file), "--tenant", company.slug, "--account", "6222021001116245")
    code, payload = run(*given)
    assert (code, payload["state"], [each["code"] for each in payload["questions"]]) == (
        1,
        "mapping",
        ["columns_unknown"],
    )
    answers: dict[str, Any] = {
        "columns": {"booked_on": "Tag", "text": "Was", "amount": "Wieviel", "name": "Wer", "mark": "Richtung"},
        "marks": {"J": "in", "N": "out"},
    }
    mapping.write_text(json.dumps(answers), encoding="utf-8")
    code, payload = run(*given, "--mapping", str(mapping))
    assert (code, payload["state"], payload["new"]) == (0, "read", 2)
    assert [minor for minor, _name, _text in booked(company)] == [1_500_00, -200_00]


def test_the_payers_split_is_kept_with_the_line_and_proposed_first(world: World) -> None:
    """Civil Code 560: 300 of one invoice and 200 of the other, as the payer says, not the oldest in full."""
    customer = world.customer("00001", "Kunde AG")
    world.invoice(customer, number="RE-1001", on=date(2026, 9, 1), minor=500_00)
    world.invoice(customer, number="RE-1002", on=date(2026, 10, 1), minor=500_00)
    documents = "".join(
        f"<Strd><RfrdDocInf><Nb>{number}</Nb></RfrdDocInf><RfrdDocAmt><RmtdAmt Ccy='CNY'>{minor}</RmtdAmt></RfrdDocAmt></Strd>"
        for number, minor in (("RE-1001", "300.00"), ("RE-1002", "200.00"))
    )
    detail = payment("", debtor=("Kunde AG", "DE51"), more=f"<RmtInf>{documents}</RmtInf>")
    text = camt("08", entry("500.00", more=f"<NtryDtls>{detail}</NtryDtls>")).replace(b"EUR", b"CNY")
    with world.transaction() as db:
        account = SaveBankAccount(name="户", account_no="DE89370400440532013000", currency="CNY")
        add_account(db, world.actor(), account)
        file_id, _new = bank_files.upload(db, world.actor(), BankUpload("a.xml", text), schedule=False)
        assert bank_files.parse_file(db, world.actor(), file_id) == "read"
        assert match_lines(db, world.actor()).likely == 1
    with world.reading() as db:
        line = db.execute(
            sa.select(BankLine.id, BankLine.split, BankLine.proposal).where(BankLine.tenant_id == world.tenant_id)
        ).one()
    assert line.split == [["RE-1001", 300_00], ["RE-1002", 200_00]]
    first = line.proposal["proposals"][0]
    assert ([minor for _item, minor in first["parts"]], first["reasons"][0]) == ([300_00, 200_00], "designation")
    shown = world.client("accountant").get(world.url(f"/matching/?line={line.id}"))
    assert (shown.status_code, "divided so by the payer" in shown.text) == (200, True)


def test_a_zip_of_bills_is_uploaded_whole(company: TestCompany) -> None:
    client = company.client("accountant")
    data = zipped(funds__csv=WECHAT_FUNDS)
    page = send(client, company, data, bank_account_id=str(new_account(client, company))).location
    drain(company.tenant_id)
    assert client.get(page).status_code == 200
    assert "ZIP · CSV" in client.get(company.url("/bank/")).text
    assert [minor for minor, _name, _text in booked(company)] == [100_00, -60]
