"""A debtor with a link and a browser, for the tests of the portal: everything through the pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from flask.testing import FlaskClient

from ar.statements.commands import issue
from kernel.clock import moment_on
from tests.ar.statements.books import add_customer, mails, march, post
from tests.support.companies import TestCompany

APRIL_2 = date(2026, 4, 2)
NOW = moment_on(APRIL_2, "Asia/Shanghai")
SIGNER = {"signer_name": "李娜", "signer_title": "财务经理", "authority": "1"}


@dataclass
class Sent:
    """A statement of two invoices that was mailed, and a debtor's browser without any account."""

    company: TestCompany
    customer_id: UUID
    statement_id: UUID
    number: str
    path: str
    client: FlaskClient

    def post(self, step: str, **fields: object) -> tuple[int, str]:
        answer = self.client.post(f"{self.path}/{step}", data={key: str(value) for key, value in fields.items()})
        return answer.status_code, answer.get_data(as_text=True)

    def code(self) -> str:
        """The six digits in the newest code mail."""
        found = re.search(r"^\s+(\d{6})\s*$", mails(self.company, "statement_code")[-1].body_text, re.MULTILINE)
        assert found
        return found[1]

    def enter(self, **fields: object) -> dict[str, object]:
        """Asks for a code and enters it; the fields for the last step."""
        assert self.post("code", **fields)[0] == 200
        status, page = self.post("check", **fields, code=self.code())
        assert status == 200
        return {**fields, "code_id": hidden(page, "code_id")}

    def rows(self, table: type) -> int:
        with self.company.reading() as db:
            column = table.tenant_id  # type: ignore[attr-defined]
            return int(
                db.execute(
                    sa.select(sa.func.count()).select_from(table).where(column == self.company.tenant_id)
                ).scalar_one()
            )


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def ticks(page: str) -> dict[str, str]:
    """Document (and kind, where the page says it) → the value its tick posts."""
    found = re.findall(r'name="tick" value="([^"]*)"[^>]*>\s*</td>\s*<td>\s*<label[^>]*>(.*?)</label>', page, re.DOTALL)
    assert found, "no document can be ticked"
    labels = {" ".join(re.sub(r"<[^>]+>", " ", label).split()): value for value, label in found}
    return labels | {label.split()[0]: value for label, value in labels.items()}


def sent_statement(company: TestCompany, owner_email: str | None = None) -> Sent:
    """A customer with two invoices and the statement of March, mailed."""
    customer = add_customer(company, "0001", owner_email=owner_email)
    with company.transaction() as db:
        post(
            db,
            company,
            customer,
            ("invoice", "INV-1", date(2026, 2, 10), 180_000_00),
            ("invoice", "INV-2", date(2026, 3, 10), 66_400_00),
        )
    with company.transaction() as db:
        issued = issue(db, company.actor(APRIL_2), march(customer))
    assert issued.portal_url
    path = "/p/" + issued.portal_url.rpartition("/p/")[2]
    return Sent(company, customer, issued.statement_id, issued.number, path, company.app.test_client())
