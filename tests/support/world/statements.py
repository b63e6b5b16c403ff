"""Statements, and the mails that went out."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa

from ar.statements.commands import IssuedStatement, issue_statement
from ar.statements.inputs import IssueStatement
from kernel.mail import MailMessage
from tests.support.world.ledger import Ledger

#: First and last day of the month that most statements are about.
MARCH = (date(2026, 3, 1), date(2026, 3, 31))


def statement_input(
    customer: UUID, *, period: tuple[date, date] = MARCH, currency: str = "CNY", send: bool = True
) -> IssueStatement:
    """Returns the input that issues a statement of a period, by default of March 2026."""
    first, last = period
    return IssueStatement(customer_id=customer, currency=currency, period_from=first, period_to=last, send=send)


class Statements(Ledger):
    """Makers of statements."""

    def statement(
        self, customer: UUID, *, period: tuple[date, date] = MARCH, currency: str = "CNY", send: bool = True
    ) -> IssuedStatement:
        """Issues the statement of a period, by default of March 2026, and queues its mail when `send`."""
        data = statement_input(customer, period=period, currency=currency, send=send)
        with self.transaction() as db:
            return issue_statement(db, self.actor(), data)

    def mails(self, purpose: str) -> list[MailMessage]:
        """Returns the company's mails of a purpose, oldest first."""
        m = MailMessage
        with self.reading() as db:
            query = sa.select(m).where(m.tenant_id == self.tenant_id, m.purpose == purpose).order_by(m.id)
            return list(db.execute(query).scalars())
