"""`huikuan bank import`: the same reading from the shell, with exit codes that a script can trust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from app.cli import main
from ar.receipts.bank import accounts as bank_accounts
from ar.receipts.bank.inputs import SaveBankAccount
from tests.support.companies import TestCompany

CSV = "交易日期,交易金额,对方户名,附言\n2026-11-02,88000.00,鑫晟,INV-17\n2026-02-30,1.00,鑫晟,INV-18\n"


def run(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the JSON object."""
    result = CliRunner().invoke(main, [*arguments, "--json"])
    assert result.stdout, result.exception
    return result.exit_code, json.loads(result.stdout)


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


def test_what_is_no_statement_ends_with_an_error(company: TestCompany, tmp_path: Path) -> None:
    file = tmp_path / "a.pdf"
    file.write_bytes(b"%PDF-1.7")
    code, payload = run("bank", "import", str(file), "--tenant", company.slug)
    assert (code, payload["state"], payload["problems"][0]["code"]) == (1, "refused", "table_kind")
    code, payload = run("bank", "import", str(file), "--tenant", company.slug, "--account", "nobody's")
    assert (code, payload["error"]["code"]) == (1, "bank_account_not_found")
