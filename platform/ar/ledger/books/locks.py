"""The locks of the books, and the moment after them, at which everything is recorded that is written under them.

Invariants: the period's gate comes first, then the customers in id order, so that rows selected afterwards stay true
until COMMIT and no two calls deadlock; of two commands that exclude each other, the later one has the later moment
(ADR 0037), so "as known at" and the papers issued meanwhile agree for ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID
from weakref import ref

import sqlalchemy as sa
from sqlalchemy.orm import Session, SessionTransaction

from ar.ledger.books.period_lock import remember_locked_through
from kernel.actor import Actor, at_moment
from kernel.arrays import array_text
from kernel.errors import NotFound

_CACHE_KEY: Final = "ledger.held"

# How firmly a customer is held, weakest first: documents of others may be posted and applied meanwhile; posted only;
# neither.
_SHARED, _LOCKED, _FROZEN = 1, 2, 3
_STRENGTHS: Final = {_SHARED: "KEY SHARE", _LOCKED: "NO KEY UPDATE", _FROZEN: "UPDATE"}

# The moment is read from the rows that come out of the locks, in the same statement. The customers ask whether the gate
# was passed, which makes the gate the first lock of the two.
_SQL: Final = """
    WITH gate AS MATERIALIZED (
        SELECT locked_through FROM books_state WHERE tenant_id = :tenant FOR {gate}
    ), held AS MATERIALIZED (
        SELECT id FROM customer
        WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[])) AND EXISTS (SELECT FROM gate)
        ORDER BY id FOR {customers}
    )
    SELECT gate.locked_through, counted.customers, clock_timestamp() AS at
    FROM gate CROSS JOIN (SELECT count(*) AS customers FROM held) AS counted
    """
_LOCKS: Final = {
    strength: sa.text(_SQL.format(gate="SHARE", customers=words)) for strength, words in _STRENGTHS.items()
}
_ALONE: Final = sa.text(_SQL.format(gate="UPDATE", customers=_STRENGTHS[_SHARED]))


@dataclass(slots=True)
class _Held:
    """What a transaction, or a savepoint of it, holds: its customers, and the moments of its first and last lock."""

    root: ref[SessionTransaction]
    inner: ref[SessionTransaction]
    first_at: datetime
    last_at: datetime
    customers: dict[UUID, int] = field(default_factory=dict)


def lock_customers(db: Session, actor: Actor, customer_ids: Iterable[UUID]) -> Actor:
    """Locks the customers until COMMIT; returns the actor at the moment after. Select afterwards what must not change.

    Documents can still be posted for them meanwhile, since foreign keys take KEY SHARE only. Waits for a period that is
    being locked, too. Raises NotFound(`customer_not_found`) when one of them is not a customer of the company.
    """
    return _hold(db, actor, customer_ids, _LOCKED)


def freeze_customers(db: Session, actor: Actor, customer_ids: Iterable[UUID]) -> Actor:
    """Locks the customers as `lock_customers`, and against documents posted meanwhile: several queries tie."""
    return _hold(db, actor, customer_ids, _FROZEN)


def share_customers(db: Session, actor: Actor, customer_ids: Iterable[UUID]) -> Actor:
    """Holds the customers as `lock_customers`, so that others can post for them too, but nobody can freeze them."""
    return _hold(db, actor, customer_ids, _SHARED)


def hold_books(db: Session, actor: Actor) -> Actor:
    """Holds the open period until COMMIT, for a posting of no customer; returns the actor at the moment after."""
    return _hold(db, actor, (), _SHARED)


def lock_books_alone(db: Session, actor: Actor) -> Actor:
    """Locks the books until COMMIT, after all postings under way; returns the actor at the moment after.

    Nobody can post meanwhile. Call it before any other lock of the books.
    """
    return _execute(db, actor, _ALONE, [], _SHARED)


def require_held(db: Session, actor: Actor) -> None:
    """Raises RuntimeError when the actor's moment was read before this transaction took its locks."""
    held = db.info.get(_CACHE_KEY)
    if held is None or held.root() is not db.get_transaction() or actor.now < held.first_at:
        raise RuntimeError("the moment of the actor was taken before the locks: go on with what lock_customers returns")


def _hold(db: Session, actor: Actor, customer_ids: Iterable[UUID], strength: int) -> Actor:
    ids = sorted(set(customer_ids))
    held: _Held | None = db.info.get(_CACHE_KEY)
    db.connection()  # begins the transaction that the cache is checked against
    if held is not None and held.inner() is _innermost(db):
        ids = [each for each in ids if held.customers.get(each, 0) < strength]
        if not ids:
            actor = at_moment(actor, held.last_at)
            held.first_at = min(held.first_at, actor.now)
            return actor
    return _execute(db, actor, _LOCKS[strength], ids, strength)


def _execute(db: Session, actor: Actor, statement: sa.TextClause, ids: list[UUID], strength: int) -> Actor:
    row = db.connection().execute(statement, {"tenant": actor.tenant_id, "ids": array_text(ids)}).one()
    if row.customers != len(ids):
        raise NotFound("customer_not_found")
    remember_locked_through(db, row.locked_through)
    actor = at_moment(actor, row.at)
    _remember(db, actor.now, dict.fromkeys(ids, strength))
    return actor


def _remember(db: Session, moment: datetime, customers: dict[UUID, int]) -> None:
    root, inner = db.get_transaction(), _innermost(db)
    if root is None or inner is None:
        raise RuntimeError("no transaction")
    held: _Held | None = db.info.get(_CACHE_KEY)
    if held is None or held.root() is not root:
        held = _Held(ref(root), ref(inner), moment, moment)
    elif held.inner() is not inner:  # what a savepoint locked ends with it
        held = _Held(held.root, ref(inner), held.first_at, moment)
    held.last_at = moment
    held.customers |= customers
    db.info[_CACHE_KEY] = held


def _innermost(db: Session) -> SessionTransaction | None:
    return db.get_nested_transaction() or db.get_transaction()
