"""A debtor with a link and a browser, for the tests of the portal: everything through the pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask.testing import FlaskClient

from ar.statements.commands import IssuedStatement
from kernel.clock import moment_on
from tests.ar.statements.debtors import xinsheng
from tests.support.world import World

APRIL_2 = date(2026, 4, 2)
NOW = moment_on(APRIL_2, "Asia/Shanghai")
SIGNER = {"signer_name": "李娜", "signer_title": "财务经理", "authority": "1"}


@dataclass
class DebtorBrowser:
    """A debtor's browser, without any account, at the link of a statement that was mailed."""

    world: World
    customer_id: UUID
    statement_id: UUID
    number: str
    path: str
    client: FlaskClient

    def post(self, step: str, **fields: object) -> tuple[int, str]:
        """Sends a step's form; returns the status and the page."""
        answer = self.client.post(f"{self.path}/{step}", data={key: str(value) for key, value in fields.items()})
        return answer.status_code, answer.get_data(as_text=True)

    def code(self) -> str:
        """Returns the six digits in the newest code mail."""
        newest = self.world.mails("statement_code")[-1]
        found = re.search(r"^\s+(\d{6})\s*$", newest.body_text, re.MULTILINE)
        assert found
        return found[1]

    def enter_code(self, **fields: object) -> dict[str, object]:
        """Asks for a code and enters it; returns the fields of the last step."""
        assert self.post("code", **fields)[0] == 200
        status, page = self.post("check", **fields, code=self.code())
        assert status == 200
        return {**fields, "code_id": hidden_field(page, "code_id")}


def hidden_field(page: str, name: str) -> str:
    """Returns the value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def tick_values(page: str) -> dict[str, str]:
    """Returns document (and kind, where the page says it) → the value that its tick posts."""
    found = re.findall(r'name="tick" value="([^"]*)"[^>]*>\s*</td>\s*<td>\s*<label[^>]*>(.*?)</label>', page, re.DOTALL)
    assert found, "no document can be ticked"
    labels = {" ".join(re.sub(r"<[^>]+>", " ", label).split()): value for value, label in found}
    return labels | {label.split()[0]: value for label, value in labels.items()}


def open_link(world: World, customer: UUID, issued: IssuedStatement) -> DebtorBrowser:
    """Returns the debtor's browser at the link of a statement."""
    assert issued.portal_url
    path = "/p/" + issued.portal_url.rpartition("/p/")[2]
    return DebtorBrowser(world, customer, issued.statement_id, issued.number, path, world.app.test_client())


def mail_statement_to_debtor(world: World, owner_email: str | None = None) -> DebtorBrowser:
    """Issues the statement of March over two invoices; returns the debtor's browser at its link."""
    customer = xinsheng(world, owner_email=owner_email)
    world.invoice(customer, number="INV-1", on=date(2026, 2, 10), minor=180_000_00)
    world.invoice(customer, number="INV-2", on=date(2026, 3, 10), minor=66_400_00)
    return open_link(world, customer, world.statement(customer))
