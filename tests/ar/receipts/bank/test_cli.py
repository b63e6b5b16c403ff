"""`huikuan bank import`: the same reading from the shell, with exit codes that a script can trust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from app.cli import main
from ar.receipts.bank import accounts as bank_accounts
from ar.receipts.bank.inputs import SaveBankAccount
from tests.ar.receipts.bank.samples import CAMT_02
from tests.support.companies import TestCompany

CSV = "交易日期,交易金额,对方户名,附言\n2026-11-02,+88000.00,鑫晟,INV-17\n2026-02-30,+1.00,鑫晟,INV-18\n"


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the JSON object."""
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.stdout, result.exception
    return result.exit_code, json.loads(result.stdout)


def test_a_list_of_accounts_without_any_says_so(company: TestCompany) -> None:
    listed = CliRunner().invoke(main, ["bank", "account", "list", "--tenant", company.slug])
    assert (listed.exit_code, listed.stdout) == (0, "There is no bank account yet.\n")


def test_a_file_is_imported_from_the_shell_once(company: TestCompany, tmp_path: Path) -> None:
    file = tmp_path / "流水.csv"
    file.write_text(CSV, encoding="gb18030")
    with company.transaction() as db:
        bank_accounts.add_account(db, company.actor(), SaveBankAccount(name="工行", account_no="6222 0210"))
    code, asked = run("bank", "import", str(file), "--tenant", company.slug)
    assert (code, asked["state"]) == (1, "asking")
    code, read = run("bank", "import", str(file), "--tenant", company.slug, "--account", "62220210")
    assert (code, read["state"], read["lines"], read["new"], read["unread"]) == (0, "read", 1, 1, 1)
    assert (read["problems"][0]["line"], read["problems"][0]["code"]) == (3, "not_a_date")
    code, again = run("bank", "import", str(file), "--tenant", company.slug)
    assert (code, again["file_id"], again["uploaded_before"]) == (0, read["file_id"], True)
    assert (again["new"], again["known"]) == (0, 1)  # nothing is added by the second


def test_what_is_no_statement_ends_with_an_error(company: TestCompany, tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF-1.7")
    code, payload = run("bank", "import", str(file), "--tenant", company.slug)
    assert (code, payload["state"], payload["problems"][0]["code"]) == (1, "refused", "table_kind")
    code, payload = run("bank", "import", str(file), "--tenant", company.slug, "--account", "nobody's")
    assert (code, payload["error"]["code"]) == (1, "bank_account_not_found")


def test_a_fresh_company_adds_an_account_and_imports_a_statement(company: TestCompany, tmp_path: Path) -> None:
    given = ("--tenant", company.slug, "--name", "EUR", "--number", "DE89 3704 0044 0532 0130 00", "--currency", "EUR")
    code, added = run("bank", "account", "add", *given)
    assert (code, added["currency"], added["account_code"]) == (0, "EUR", "bank")
    file = tmp_path / "a.xml"
    file.write_bytes(CAMT_02)
    code, read = run("bank", "import", str(file), "--tenant", company.slug)
    assert (code, read["state"], read["new"], read["asked"], read["pending"]) == (0, "read", 2, 0, 0)
    code, again = run("bank", "account", "add", *given)
    assert (code, again["error"]["code"]) == (1, "bank_account_known")
    code, listed = run("bank", "account", "list", "--tenant", company.slug)
    assert [(each["name"], each["closing_minor"], each["breaks"]) for each in listed["accounts"]] == [
        ("EUR", 300_00, [])
    ]


def test_an_account_without_a_currency_is_in_the_companys_own_and_a_wrong_one_is_named(company: TestCompany) -> None:
    code, added = run("bank", "account", "add", "--tenant", company.slug, "--name", "工行", "--number", "6222 0210")
    assert (code, added["currency"]) == (0, "CNY")
    bad = ("--tenant", company.slug, "--name", "x", "--number", "1", "--currency", "XYZ")
    code, payload = run("bank", "account", "add", *bad)
    assert code != 0
    assert "error" in payload


def test_a_mapping_must_be_a_json_object(company: TestCompany, tmp_path: Path) -> None:
    file, mapping = tmp_path / "a.csv", tmp_path / "m.json"
    file.write_text(CSV, encoding="utf-8")
    for text in ("[1]", "{"):
        mapping.write_text(text, encoding="utf-8")
        code, payload = run("bank", "import", str(file), "--tenant", company.slug, "--mapping", str(mapping))
        assert (code != 0, payload["error"]["code"]) == (True, "mapping_malformed")


def said(*arguments: str) -> tuple[int, str]:
    """Exit code and the text for people."""
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.output


def account(company: TestCompany, name: str, number: str, currency: str = "EUR") -> None:
    with company.transaction() as db:
        data = SaveBankAccount(name=name, account_no=number, currency=currency)
        bank_accounts.add_account(db, company.actor(), data)


def mt940(opening: str, closing: str, number: str = "1/1", account_no: str = "37040044/0532013000") -> bytes:
    """A statement of one movement of 100.00 EUR."""
    return (
        f":20:S\n:25:{account_no}\n:28C:{number}\n:60F:C261101EUR{opening}\n:61:2611021102C100,00NTRFNONREF\n"
        f":86:INV-{number}\n:62F:C261102EUR{closing}\n-\n"
    ).encode()


def test_a_domestic_number_is_that_of_the_registered_iban(company: TestCompany, tmp_path: Path) -> None:
    account(company, "Commerzbank", "DE89370400440532013000")
    file = tmp_path / "a.sta"
    file.write_bytes(mt940("0,00", "100,00"))
    code, read = run("bank", "import", str(file), "--tenant", company.slug)
    assert (code, read["state"], read["new"], read["accounts"][0]["told"]) == (0, "read", 1, False)


def test_an_account_that_the_file_contradicts_is_refused_with_both(company: TestCompany, tmp_path: Path) -> None:
    account(company, "Commerzbank", "DE89370400440532013000")
    account(company, "Other", "DE12500105170648489890")
    file = tmp_path / "a.sta"
    file.write_bytes(mt940("0,00", "100,00"))
    given = ("bank", "import", str(file), "--tenant", company.slug)
    for _again in range(2):
        code, text = said(*given, "--account", "DE12500105170648489890")
        assert code == 1
        assert "37040044/0532013000" in text
        assert "DE12500105170648489890" in text
    assert run(*given)[1]["new"] == 1  # without it, the file says itself
    code, refused = run(*given, "--account", "Other")
    assert (code, refused["error"]["code"]) == (1, "bank_file_other_account")
    assert run(*given, "--account", "532013000")[1]["known"] == 1


def test_a_break_of_the_balances_is_said_where_the_file_is_imported(company: TestCompany, tmp_path: Path) -> None:
    account(company, "Commerzbank", "DE89370400440532013000")
    files = {"221/1": ("1000,00", "1100,00"), "223/1": ("1300,00", "1400,00")}
    for number, balances in files.items():
        file = tmp_path / f"{number[:3]}.sta"
        file.write_bytes(mt940(*balances, number))
        code, text = said("bank", "import", str(file), "--tenant", company.slug)
    assert code == 0
    assert "A gap of 200.00 EUR: statement 221/1 ends with 1,100.00, statement 223/1 begins with 1,300.00." in text
    assert "MT940: Read." in text
    assert "This file was imported before" in said("bank", "import", str(file), "--tenant", company.slug)[1]
