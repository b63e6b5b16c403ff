"""Credit limits, and the account of a customer against them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import sqlalchemy as sa

from ar.credit.commands import CommitOrder, check_order, commit_order
from ar.credit.lookups import CustomerAccount, customer_accounts
from ar.credit.models import CreditLimit
from ar.credit.rules.commitment import OrderAmounts
from ar.credit.rules.decision import Decision, OrderFacts
from ar.credit.rules.policy import DEFAULT_POLICY, CreditPolicy
from kernel.ids import new_id
from tests.support.world.ledger import Ledger


class Credit(Ledger):
    """Makers of limits and commitments."""

    def limit(
        self,
        customer_id: UUID,
        minor: int | None,
        *,
        kind: str = "regular",
        currency: str = "CNY",
        start: date = date(2026, 1, 1),
        end: date | None = None,
        term_days: int = 30,
        grade: str | None = None,
    ) -> UUID:
        """Writes a limit as an approved change leaves it; `minor` None is unlimited. Returns its id."""
        limit_id = new_id()
        with self.transaction() as db:
            db.execute(
                sa.insert(CreditLimit).values(
                    tenant_id=self.tenant_id,
                    id=limit_id,
                    customer_id=customer_id,
                    kind=kind,
                    currency=currency,
                    amount_minor=minor,
                    unlimited=minor is None,
                    term_days=term_days,
                    grade=grade,
                    valid_from=start,
                    valid_to=end,
                    source="change",
                    reason="for a test",
                    recorded_at=self.actor().now,
                    recorded_by=self.actor().name,
                )
            )
        return limit_id

    def commit_order(
        self, customer_id: UUID, order_id: UUID, amounts: OrderAmounts, *, currency: str = "CNY", prepaid: bool = False
    ) -> None:
        """Says what an order commits from the world's day on."""
        with self.transaction() as db:
            data = CommitOrder(
                order_id=order_id,
                customer_id=customer_id,
                currency=currency,
                amounts=amounts,
                effective_on=self.today,
                prepaid=prepaid,
            )
            commit_order(db, self.actor(), data)

    def credit_account(
        self, customer_id: UUID, as_of: date | None = None, policy: CreditPolicy = DEFAULT_POLICY
    ) -> CustomerAccount:
        """Returns the exposure of a customer against its limit, now or at the end of a day."""
        with self.reading() as db:
            accounts = customer_accounts(db, self.tenant_id, [customer_id], policy, today=self.today, as_of=as_of)
        return accounts.own[customer_id]

    def check_order(self, customer_id: UUID, order: OrderFacts) -> Decision:
        """Asks the checks for an order."""
        with self.reading() as db:
            return check_order(db, self.actor(), customer_id, order)
