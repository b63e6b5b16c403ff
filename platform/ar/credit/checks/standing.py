"""What the checks ask of customers, read once for many of their orders, and followed while these commit amounts.

Invariants: read under the customers' locks; what a person may see filters nothing; an order asked after another one
sees what that one commits, as if each had been read anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy.orm import Session

from ar.credit.checks.facts import (
    PrepaidOrders,
    accepted_proofs,
    approved_excesses,
    overrides,
    prepaid_orders,
    stops_of,
    unconfirmed_statements,
)
from ar.credit.exposure.accounts import AccountBooks, AddedAmount, CustomerAccount, account_books
from ar.credit.exposure.commands import Committed
from ar.credit.exposure.inputs import CommitOrder
from ar.credit.exposure.parts import NO_PARTS
from ar.credit.policy.queries import credit_policy
from ar.credit.rules.commitment import Stages
from ar.credit.rules.decision import (
    Account,
    ActiveStop,
    ApprovedExcess,
    CustomerFacts,
    Decision,
    OrderFacts,
    decide,
)
from ar.credit.rules.exposure import Parts
from ar.credit.rules.policy import CheckCode, CreditPolicy
from ar.customers.lookups import blacklisted_since, file_gaps
from kernel.actor import Actor
from kernel.visibility import everything


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts of some customers, for decisions on some of their orders on `today`, the company's local date."""

    today: date
    policy: CreditPolicy
    books: AccountBooks
    committed: PrepaidOrders
    stops: Mapping[UUID, Sequence[ActiveStop]]
    blacklisted: Mapping[UUID, date]
    unconfirmed: Mapping[UUID, tuple[str, int]]
    gaps: Mapping[UUID, Sequence[str]]
    proofs_minor: Mapping[tuple[UUID, str], int]
    approvals: Mapping[UUID, Sequence[ApprovedExcess]]
    overrides: Mapping[UUID, frozenset[CheckCode]]

    def decide(self, customer_id: UUID, order: OrderFacts) -> Decision:
        """Decides on an order of one of the customers."""
        return decide(order, self.facts(customer_id, order), self.policy, self.today)

    def facts(self, customer_id: UUID, order: OrderFacts) -> CustomerFacts:
        """Returns the facts of a customer for an order, whether or not its commitment is in the exposure by now.

        What the order commits already is taken out and `order.committed_minor` put in, so that asking twice asks the
        same.
        """
        before_minor = self.committed.minor_of(order.order_id, order.currency)
        adding = AddedAmount(customer_id, order.currency, order.committed_minor - before_minor)
        accounts = self.books.accounts([customer_id], adding)
        account, group = accounts.own[customer_id], accounts.group_of(customer_id)
        own = account.by_currency.get(order.currency, NO_PARTS)
        in_hand_minor = own.parts.unapplied_minor - own.conditional_minor
        owed_otherwise_minor = (
            own.parts.open_receivables_minor
            + own.parts.signed_not_invoiced_minor
            + own.parts.shipped_not_signed_minor
            + own.parts.released_orders_minor
            - order.committed_minor
        )
        oldest = account.oldest_due_on
        return CustomerFacts(
            account=_account(account),
            group=None if group is None else _account(group),
            past_due_items=account.past_due_items,
            past_due_days=0 if oldest is None else (self.today - oldest).days,
            cleared_minor=in_hand_minor - self.committed.others_minor(customer_id, order.currency, order.order_id),
            surplus_minor=in_hand_minor - owed_otherwise_minor,
            proof_minor=self.proofs_minor.get((order.order_id, order.currency), 0),
            stops=self.stops.get(customer_id, ()),
            blacklisted_since=self.blacklisted.get(customer_id),
            unconfirmed=self.unconfirmed.get(customer_id),
            file_gaps=self.gaps.get(customer_id, ()),
            approvals=self.approvals.get(order.order_id, ()),
            overrides=self.overrides.get(customer_id, frozenset()),
        )

    def follow(self, data: CommitOrder, before: Committed, after: Stages) -> None:
        """Takes note of what an order commits from now on, so that the next one asked sees it."""
        self.committed.replace(data.order_id, data.customer_id, data.currency, after.total_minor, data.prepaid)
        change = after - before.stages
        parts = Parts(
            signed_not_invoiced_minor=change.signed_minor,
            shipped_not_signed_minor=change.shipped_minor,
            released_orders_minor=change.released_minor,
        )
        self.books.add(data.customer_id, data.currency, parts)


def read_standing(db: Session, actor: Actor, customer_ids: Collection[UUID], order_ids: Collection[UUID]) -> Standing:
    """Reads what the checks ask of the customers and of these of their orders, in a constant number of statements.

    The caller holds the customers' locks when it acts on what follows from it.
    """
    tenant_id, today = actor.tenant_id, actor.today
    policy = credit_policy(db, tenant_id)
    with everything(db):
        return Standing(
            today=today,
            policy=policy,
            books=account_books(db, tenant_id, customer_ids, policy, today=today),
            committed=prepaid_orders(db, tenant_id, customer_ids, order_ids),
            stops=stops_of(db, tenant_id, customer_ids, today),
            blacklisted=blacklisted_since(db, tenant_id, customer_ids, actor.timezone),
            unconfirmed=unconfirmed_statements(db, actor, customer_ids, policy),
            gaps=file_gaps(db, tenant_id, customer_ids, today),
            proofs_minor=accepted_proofs(db, tenant_id, order_ids),
            approvals=approved_excesses(db, tenant_id, order_ids, policy),
            overrides=overrides(db, tenant_id, customer_ids, today),
        )


def _account(account: CustomerAccount) -> Account:
    return Account(account.limit, account.exposure_minor, account.missing_rates)
