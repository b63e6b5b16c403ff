"""What other rooms ask of the customer file: which of its customers have gaps."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from ar.customers.lookups import file_gaps
from tests.support.world import World

TODAY = date(2026, 11, 20)


def _gaps(world: World, *customers: UUID) -> dict[UUID, list[str]]:
    with world.reading() as db:
        return file_gaps(db, world.tenant_id, customers, TODAY)


def test_the_gate_says_which_document_is_missing_and_opens_with_the_last_one(world: World) -> None:
    empty, full, foreign = world.customer("1"), world.customer("2"), world.customer("3", entity_type="foreign_company")
    world.complete_file(full)
    world.file_document(foreign, "register_extract", state="uploaded")
    assert _gaps(world, empty, full, foreign) == {
        empty: ["missing:licence", "missing:tax_registration", "missing:representative_id", "missing:vat_payer"],
        foreign: ["unverified:register_extract", "missing:representative_id"],
    }
    assert _gaps(world) == {}


def test_a_document_is_received_on_the_local_day_of_the_company(world: World) -> None:
    """The licence is counted by the year of the company's own clock, not of the server's."""
    customer = world.customer("1")
    world.complete_file(customer, on=date(2025, 12, 31))
    assert _gaps(world, customer) == {customer: ["expired:licence"]}
