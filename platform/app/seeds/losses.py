"""Builds the demo's losses: a provision, a bad debt written off and partly recovered, one proposed.

Invariant: built by the product's own commands on today's date; the debt written off is a separate old one, so no
proposed letter loses its reason.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from app.seeds.story import Story
from ar.ledger.books.posting import NewItem, post_items
from ar.losses.bad_debts import commands as bad_debts
from ar.losses.bad_debts import recoveries
from ar.losses.bad_debts.inputs import AddEvent, Part, ProposeBadDebt, RecoverMoney
from ar.losses.provision import commands as provision
from ar.losses.provision.inputs import PostProvision, SetPolicy
from kernel.actor import Actor
from kernel.money import decimal_text
from kernel.uploads import UploadedFile
from tenants.approvals.engine import decide
from tenants.approvals.queries import of_subject

_RULING = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_DEBTOR = "C0055"


def build(story: Story, db: Session, actor: Actor) -> None:
    """Builds everything of this module on the demo's today, before the month is locked."""
    person = story.person(actor, "accountant")
    director = story.person(actor, "finance-director")
    _written_off(story, db, person, director)
    _provision(story, db, person, director)
    _proposed(story, db, person)


def _key(name: str) -> str:
    return f"demo-key-{name}".ljust(16, "-")


def _provision(story: Story, db: Session, person: Actor, director: Actor) -> None:
    matrix = SetPolicy(
        method="matrix", through=["0", "30", "60", "90", "180", ""], rate=["0.5", "2", "5", "12", "40", "100"]
    )
    provision.set_policy(db, director, matrix)
    as_of = story.today.replace(day=1) - timedelta(days=1)
    seen = provision.preview_run(db, person, as_of)
    provision.post_run(db, person, PostProvision(as_of=as_of, fingerprint=seen.fingerprint, key=_key("provision")))


def _written_off(story: Story, db: Session, person: Actor, director: Actor) -> None:
    on = story.today - timedelta(days=500)
    customer = story.customers[_DEBTOR].id
    old = NewItem(customer, "opening", f"QC{on.year}-0007", on, on, on, "CNY", 12_000_00, reference="期初旧账")
    (item_id,) = post_items(db, person, [old], memo="期初旧账")
    case_id = _propose(db, person, customer, item_id, "12000.00", "法院裁定终结执行，无财产可供执行。", "old")
    decide(db, director, of_subject(db, story.tenant_id, case_id)[0].id, approve=True, reason="同意核销")
    promised = AddEvent(
        kind="promise", text="法定代表人承诺三个月内再付。", promised_on=story.today + timedelta(days=90),
        promised_currency="CNY", promised="5000.00", key=_key("promise"),
    )  # fmt: skip
    recoveries.add_event(db, person, case_id, promised)
    paid = RecoverMoney(
        amount="3000.00", currency="CNY", received_on=story.today, note="收回部分坏账", key=_key("recovered")
    )
    recoveries.recover_money(db, person, case_id, paid)


def _proposed(story: Story, db: Session, person: Actor) -> None:
    item = story.overdue(db, person, _DEBTOR)[0]
    amount = decimal_text(item.open_minor, item.currency)
    reason = "客户进入重整程序，债权已申报，预计无法受偿。"
    _propose(db, person, story.customers[_DEBTOR].id, item.id, amount, reason, "pending")


def _propose(db: Session, person: Actor, customer_id: UUID, item_id: UUID, amount: str, reason: str, name: str) -> UUID:
    data = ProposeBadDebt(
        parts=[Part(item_id=item_id, amount=amount)], cause="bankrupt", options=["legal_help", "preservation"],
        reason=reason, key=_key(name),
    )  # fmt: skip
    return bad_debts.propose_bad_debt(db, person, customer_id, data, [UploadedFile("裁定书.pdf", _RULING)])
