"""Registers with lower packages what all slices bring: approval kinds, entry sources, holds, signals, mails, texts.

Invariant: every process that answers, works or decides (web, worker, command line) has called `install`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.messages import message_of
from app.slices import SLICES
from ar.credit.commands import lock_credit
from ar.credit.signals import sources as signal_sources
from ar.customers.models import Customer
from ar.ledger.books import entry_sources, reversal
from ar.ledger.receivables import holds
from ar.reports.journal import texts as journal_texts
from tenants.approvals import kinds
from tenants.approvals.kinds import CustomerName
from tenants.mailroom import purposes


def install() -> None:
    """Registers the slices' approval kinds, entry sources, followers of reversals, holds, signals, mails and texts.

    Idempotent. Raises ValueError when two slices bring the same kind of approval.
    """
    kinds.install((kind for each in SLICES for kind in each.approvals), name_customers, message_of, lock_credit)
    entry_sources.install(
        {each.name: each.entry_sources for each in SLICES if each.entry_sources},
        {kind: name for each in SLICES for kind, name in each.entry_names.items()},
    )
    reversal.install(each.on_reversal for each in SLICES if each.on_reversal)
    holds.install(each.holds for each in SLICES if each.holds)
    signal_sources.install(source for each in SLICES for source in each.signal_sources)
    purposes.install(mail for each in SLICES for mail in each.mails)
    journal_texts.install(
        {kind: event for each in SLICES for kind, event in each.events.items()},
        {name: maker for each in SLICES for name, maker in each.fact_makers.items()},
        {mail.purpose: mail.timeline_name for each in SLICES for mail in each.mails if mail.timeline_name},
    )


def name_customers(db: Session, tenant_id: UUID, ids: Sequence[UUID]) -> Mapping[UUID, CustomerName]:
    """Returns number and name of customers by id."""
    c = Customer
    rows = db.execute(sa.select(c.id, c.number, c.name).where(c.tenant_id == tenant_id, c.id.in_(list(ids))))
    return {row.id: CustomerName(number=row.number, name=row.name) for row in rows}
