"""What was decided, shipped or signed stays: the application's own login cannot change it, whatever it is told."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ar.credit.assessments.models import Assessment
from tests.support.furnished import furnish
from tests.support.world import World

#: Table → the columns that its rows keep from the moment they are written.
FIXED = {
    "sign_off": "amount_minor signed_on signed_by file_sha256 signature_sha256 reverses_id recorded_at",
    "sign_off_line": "quantity amount_minor short_reason",
    "delivery_return": "quantity amount_minor was_signed returned_on",
    "order_decision": "decision reasons decided_by decided_at",
    "order_invoice": "amount_minor order_id entry_id delivery_id",
    "commitment_change": "released_minor shipped_minor signed_minor effective_on",
    "assessment_opinion": "limit_minor term_days given_by_id",
    "approval_decision": "outcome decided_by_id on_behalf_of_id step",
    "approval": "facts amount_minor chain requested_by_id kind",
    "over_limit_request": "order_minor order_id reasons facts valid_until_on requested_by_id",
    "limit_change": "amount_minor unlimited term_days valid_from valid_to requested_by_id",
    "credit_limit": "amount_minor unlimited term_days kind currency customer_id valid_from",
    "payment_proof": "amount_minor order_id file_sha256 uploaded_by_id",
    "check_override": "code until_on customer_id granted_by_id",
    "shipping_hold": "reason customer_id kind until_on",
    "owner_change": "from_id to_id changed_on",
    "customer_document": "file_sha256 number expires_on",
    "credit_settings": "data version",
}


def refused(world: World, statement: str, **values: object) -> bool:
    """Whether the database refuses a statement to the application."""
    try:
        with world.transaction() as db:
            assert db.connection().execute(sa.text(statement), {"tenant": world.tenant_id, **values}).rowcount
    except DBAPIError:
        return True
    return False


@pytest.mark.parametrize("table", FIXED)
def test_no_column_of_a_decision_is_written_twice(world: World, table: str) -> None:
    for column in FIXED[table].split():
        statement = f"UPDATE {table} SET {column} = {column} WHERE tenant_id = :tenant"
        assert refused(world, statement), f"{table}.{column}"
    assert refused(world, f"DELETE FROM {table} WHERE tenant_id = :tenant")
    assert refused(world, f"TRUNCATE {table}")


@pytest.mark.parametrize(
    "change",
    [
        "delivery SET amount_minor = 1",
        "delivery SET shipped_on = shipped_on - 1",
        "delivery SET shipped_by = 'nobody'",
        "delivery SET mode = 'pick_up'",
        "delivery_line SET quantity = 1",
        "delivery_line SET dropped = true",
    ],
)
def test_a_shipped_note_stays(world: World, change: str) -> None:
    note = world.shipped_note(world.released_order(world.buyer(100_00), ("valve", "2", "10")))
    key = "delivery_id" if change.startswith("delivery_line") else "id"
    assert refused(world, f"UPDATE {change} WHERE tenant_id = :tenant AND {key} = :note", note=note)
    assert world.delivery(note).amount_minor == 20_00


def test_an_approved_assessment_and_a_signed_review_stay(world: World) -> None:
    ids = furnish(world)
    with world.transaction() as db:
        own = (Assessment.tenant_id == world.tenant_id, Assessment.id == ids["assessment_id"])
        db.execute(sa.update(Assessment).where(*own).values(state="approved", valid_through_on=date(2027, 5, 1)))
    one = "WHERE tenant_id = :tenant AND id = :id"
    for change in ("limit_minor = 1", "scores = '{}'", "grade = 'A'", "state = 'draft'", "valid_through_on = NULL"):
        assert refused(world, f"UPDATE assessment SET {change} {one}", id=ids["assessment_id"]), change
    review = ids["campaign_id"]
    lines = "UPDATE review_line SET decision = 'keep' WHERE tenant_id = :tenant AND campaign_id = :id"
    assert not refused(world, lines, id=review)
    assert not refused(world, f"UPDATE review_campaign SET state = 'signed' {one}", id=review)
    assert refused(world, lines, id=review)
