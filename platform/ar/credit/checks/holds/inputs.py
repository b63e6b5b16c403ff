"""Inputs of the commands that stop shipments, let them go on, and let a customer pass one check for a time."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import StringConstraints

from kernel.actor import Actor
from kernel.inputs import CommandInput, OptionalDay
from tenants.permissions import Role

#: Checks that a named person may let a customer pass for a time.
OVERRIDABLE: Final = ("statement", "file", "term")
#: Of these, what only the general manager overrides, who is the last to decide on an order past due (A18).
OF_GENERAL_MANAGER: Final = ("term",)
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


def overridable_by(actor: Actor) -> list[str]:
    """Returns the checks that a person may override."""
    manages = Role.GENERAL_MANAGER in actor.roles
    return [code for code in OVERRIDABLE if manages or code not in OF_GENERAL_MANAGER]


class StopShipments(CommandInput):
    """Stops shipments to a customer through the end of `until_on`; without a day, until it is lifted (R080)."""

    customer_id: UUID
    reason: Reason
    until_on: OptionalDay = None


class LiftStop(CommandInput):
    """Lets shipments go on; other stops of the customer stay in force."""

    reason: Reason


class GrantOverride(CommandInput):
    """Lets a customer pass one check through the end of `until_on` (R126)."""

    customer_id: UUID
    code: Literal["statement", "file", "term"]
    until_on: date
    reason: Reason
