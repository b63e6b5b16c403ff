"""Credit limits, and the account of a customer against them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ar.credit.commands import (
    CommitOrder,
    RequestLimit,
    RequestOverLimit,
    StopShipments,
    check_order,
    commit_order,
    request_limit,
    request_over_limit,
    stop_shipments,
)
from ar.credit.lookups import CustomerAccount, customer_accounts
from ar.credit.models import CreditLimit, OverLimitRequest
from ar.credit.rules.commitment import OrderAmounts
from ar.credit.rules.decision import Decision, OrderFacts
from ar.credit.rules.policy import DEFAULT_POLICY, CreditPolicy
from kernel.ids import new_id
from tests.support.world.base import fresh_key
from tests.support.world.customers import Customers


class Credit(Customers):
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
                    approval_id=new_id(),
                    reason="for a test",
                    recorded_at=self.actor().now,
                    recorded_by=self.actor().name,
                )
            )
        return limit_id

    def creditor(
        self, minor: int | None, number: str = "00001", *, grade: str | None = None, currency: str = "CNY"
    ) -> UUID:
        """Makes a customer with a complete file and a limit since January; `minor` None is unlimited."""
        customer_id = self.customer(number)
        self.complete_file(customer_id)
        self.limit(customer_id, minor, grade=grade, currency=currency)
        return customer_id

    def stop_shipments(self, customer_id: UUID, reason: str = "lawsuit", *, until_on: date | None = None) -> UUID:
        """Stops shipments to a customer by hand; returns the id of the stop."""
        with self.transaction() as db:
            data = StopShipments(customer_id=customer_id, reason=reason, until_on=until_on)
            return stop_shipments(db, self.actor(), data)

    def request_over_limit(self, customer_id: UUID, order: OrderFacts, until: date, **more: Any) -> UUID:
        """Asks to let an order pass through a day; returns the id of the approval."""
        data = RequestOverLimit(reason="peak season", valid_until_on=until, key=fresh_key(), **more)
        with self.transaction() as db:
            request_id = request_over_limit(db, self.actor(), customer_id, order, data)
        return self.approval_of(OverLimitRequest, request_id)

    def request_limit(self, customer_id: UUID, amount: str, **more: Any) -> UUID:
        """Asks for a limit from today on; returns the id of the request."""
        given = {"currency": "CNY", "amount": amount, "valid_from": self.today, "reason": "grows", "key": fresh_key()}
        with self.transaction() as db:
            return request_limit(db, self.actor(), customer_id, RequestLimit.model_validate(given | more))

    def approval_of(self, table: Any, subject_id: UUID) -> UUID:
        """Returns the approval that a request waits for."""
        with self.reading() as db:
            return db.execute(
                sa.select(table.approval_id).where(table.tenant_id == self.tenant_id, table.id == subject_id)
            ).scalar_one()

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
