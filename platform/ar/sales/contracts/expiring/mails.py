"""Mails the owner of a customer, and the sales managers, once for each contract that ends soon (R098).

Invariant: one reminder per contract and last day, however often the job runs, recorded in the transaction that queues
the mail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.sales.contracts.expiring.queries import EndingContract, ending_contracts
from kernel import idempotency, journal
from kernel.actor import Actor
from kernel.i18n import mark
from kernel.mail import queue_copy
from kernel.settings import settings
from tenants.permissions import Permission, Role
from tenants.queries import tenant
from tenants.recipients import Person, active_people, still_may
from tenants.slice import Job, Mail, Recurring
from web.mailtexts import queue_rendered

REMIND: Final = "contracts.remind"
PURPOSE: Final = "contract_expiring"


def remind(db: Session, actor: Actor, _payload: Mapping[str, Any]) -> None:
    """Queues one mail per reader with the contracts that newly end soon."""
    found = [each for each in ending_contracts(db, actor) if _is_new(db, actor, each)]
    if not found:
        return
    people = {person.id: person for person in active_people(db, actor.tenant_id)}
    managers = {person.id for person in people.values() if Role.SALES_MANAGER in person.roles}
    shown: dict[UUID, list[EndingContract]] = defaultdict(list)
    for each in found:
        owner = {each.owner_id} if each.owner_id in people else set()
        for reader_id in managers | owner:
            if reader_id is not None:
                shown[reader_id].append(each)
        facts = {"number": each.number, "ends_on": each.ends_on.isoformat()}
        journal.record(db, actor, "contract_expiring", customer_id=each.customer_id, subject_id=each.id, data=facts)
    for reader_id, contracts in shown.items():
        _queue(db, actor, people[reader_id], contracts)


def _queue(db: Session, actor: Actor, reader: Person, contracts: Sequence[EndingContract]) -> None:
    company = tenant(db, actor.tenant_id)
    lines = [
        {
            "number": each.number,
            "customer": f"{each.customer_name} {each.customer_no}",
            "ends_on": each.ends_on.isoformat(),
            "days": (each.ends_on - actor.today).days,
        }
        for each in contracts
    ]
    url = f"{settings().base_url}/c/{company.slug}/contracts/?state=expiring"
    values = {"name": reader.name, "company": company.name, "lines": lines, "url": url}
    queue_rendered(db, actor, PURPOSE, reader, values, from_name=company.name)


def _is_new(db: Session, actor: Actor, each: EndingContract) -> bool:
    return idempotency.first_time(db, actor, f"{PURPOSE}:{each.id}:{each.ends_on}", {})


JOBS: Final = (Job(REMIND, remind),)
RECURRING: Final = (Recurring(REMIND),)
MAILS: Final = (
    Mail(
        PURPOSE,
        recheck=still_may(Permission.EDIT_CONTRACTS),
        name=mark("Reminder of a contract that ends"),
        send_again=queue_copy,
    ),
)
