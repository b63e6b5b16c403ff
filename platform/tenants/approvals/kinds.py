"""Defines kinds of approval and registers those of the slices.

Invariants: a chain has a step for every amount, so every approval needs a decision; a kind's effect runs in the last
decider's transaction and may refuse by an error.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from kernel.actor import Actor
from kernel.errors import HuikuanError
from kernel.visibility import everything
from tenants.permissions import Permission, Role, allows

STEPS_MAX = 6
#: Roles that can open an approval to decide on it.
DECIDING_ROLES: tuple[Role, ...] = tuple(
    role for role in Role if allows([role], Permission.READ) and role is not Role.AUDITOR
)


@dataclass(frozen=True, slots=True)
class ChainStep:
    """`role` must decide when the amount is at least `from_minor` (minor units of the company's currency)."""

    role: str
    from_minor: int = 0


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval as its kind sees it; `state` is pending, approved, rejected or withdrawn.

    `closing_reason`: the reason of the rejection, the withdrawal or the last approval.
    """

    id: UUID
    number: str
    kind: str
    subject_id: UUID
    customer_id: UUID | None
    amount_minor: int | None
    currency: str | None
    facts: dict[str, Any]
    reason: str
    requested_by: str
    requested_by_id: UUID | None
    requested_at: datetime
    state: str = "pending"
    closing_reason: str = ""


Effect = Callable[[Session, Actor, Approved], None]
StepCheck = Callable[[Session, Actor, Approved, int], None]
Customers = Callable[[Session, UUID, Approved], Collection[UUID]]
Facts = Callable[[dict[str, Any]], "list[tuple[str, str]] | None"]


@dataclass(frozen=True)
class Kind:
    """One kind of approval.

    `approve` runs when the last step is approved; `reject` on rejection or withdrawal (see `Approved.state`);
    `url` returns the subject's page, within a request; `facts` turns the stored facts into labelled texts in
    the current language. `chain` is in force until the company sets its own. `before_step` is asked before each
    approved step is recorded, with the step (counted from 0), and may refuse by an error: for kinds whose deciders
    write more than yes or no. `chosen_steps`: the slice chooses the steps of each request; the company sets no
    chain. `customers`: whom the effect works on, where that is not the one customer of the approval.
    """

    code: str
    name: str
    chain: tuple[ChainStep, ...]
    approve: Effect
    reject: Effect | None = None
    url: Callable[[Approved], str | None] | None = None
    facts: Facts | None = None
    before_step: StepCheck | None = None
    chosen_steps: bool = False
    customers: Customers | None = None

    def __post_init__(self) -> None:
        if fault := chain_fault(self.chain):
            raise ValueError(f"{self.code}: {fault}")


@dataclass(frozen=True, slots=True)
class CustomerName:
    """A customer's number and name for the pages of approvals."""

    number: str
    name: str


NameCustomers = Callable[[Session, UUID, Sequence[UUID]], Mapping[UUID, CustomerName]]
Explain = Callable[[HuikuanError], str]
Hold = Callable[[Session, Actor, Collection[UUID]], Actor]


def _no_names(_db: Session, _tenant_id: UUID, _ids: Sequence[UUID]) -> Mapping[UUID, CustomerName]:
    return {}


def _hold_nobody(_db: Session, actor: Actor, _ids: Collection[UUID]) -> Actor:
    return actor


@dataclass
class _Installed:
    kinds: dict[str, Kind] = field(default_factory=dict)
    name_customers: NameCustomers = _no_names
    explain: Explain = str
    hold: Hold = _hold_nobody


_installed = _Installed()


def chain_fault(chain: Sequence[ChainStep]) -> str | None:
    """Returns the error code of an invalid chain, or None."""
    if not chain or all(step.from_minor > 0 for step in chain):
        return "approval_chain_gap"
    if len(chain) > STEPS_MAX or any(step.from_minor < 0 for step in chain):
        return "approval_chain_bad"
    if any(step.role not in DECIDING_ROLES for step in chain):
        return "approval_chain_role"
    return None


def install(kinds: Iterable[Kind], name_customers: NameCustomers, explain: Explain, hold: Hold) -> None:
    """Registers the kinds of this process. Idempotent. Raises ValueError for a duplicate code.

    `name_customers`, `explain` (an error's sentence) and `hold` (locks customers, returns the actor at the moment
    after) are injected: approvals know neither customers nor slices.
    """
    registered: dict[str, Kind] = {}
    for kind in kinds:
        if kind.code in registered:
            raise ValueError(f"two kinds of approval are called {kind.code}")
        registered[kind.code] = kind
    _installed.kinds = registered
    _installed.name_customers = name_customers
    _installed.explain = explain
    _installed.hold = hold


@contextmanager
def installed_for_test(*kinds: Kind) -> Iterator[None]:
    """Registers more kinds for the time of the block, for tests."""
    before = _installed.kinds
    _installed.kinds = before | {kind.code: kind for kind in kinds}
    try:
        yield
    finally:
        _installed.kinds = before


def all_kinds() -> list[Kind]:
    """Returns every kind, in the order of registration."""
    return list(_installed.kinds.values())


def find_kind(code: str) -> Kind | None:
    """Returns the kind of a code; None when no slice registers it (any more)."""
    return _installed.kinds.get(code)


def kind_of(code: str) -> Kind:
    """Returns the kind of a code. Raises LookupError for one that is not registered, a programming error."""
    try:
        return _installed.kinds[code]
    except KeyError:
        raise LookupError(f"no slice brings approvals of kind {code}: see app.slices") from None


def customer_names(db: Session, tenant_id: UUID, ids: Iterable[UUID | None]) -> Mapping[UUID, CustomerName]:
    """Returns the names of customers by id, also for who was asked about a customer that they do not see otherwise."""
    customer_ids = sorted({one for one in ids if one is not None})
    with everything(db):
        return _installed.name_customers(db, tenant_id, customer_ids) if customer_ids else {}


def hold_customers(db: Session, actor: Actor, approved: Approved) -> Actor:
    """Locks whom the effect of an approval works on; returns the actor at the moment after.

    Commands on a customer's papers lock the customer and then withdraw what waits for them; so the customer comes
    before the approval, or who decides and who cancels would each wait for the other.
    """
    kind, own = find_kind(approved.kind), approved.customer_id
    with everything(db):
        if kind is not None and kind.customers is not None:
            ids = kind.customers(db, actor.tenant_id, approved)
        else:
            ids = [own] if own is not None else []
        return _installed.hold(db, actor, ids) if ids else actor


def explain(error: HuikuanError) -> str:
    """Returns the sentence of any slice's error, in the current language."""
    return _installed.explain(error)
