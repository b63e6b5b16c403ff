"""Defines the inputs of the commands on people."""

from __future__ import annotations

from pydantic import Field

from kernel.inputs import CommandInput, EditInput
from tenants.inputs import Email, Line
from tenants.permissions import Role


class InvitePerson(CommandInput):
    """Invites a person with roles in a company."""

    email: Email
    name: Line
    roles: list[Role] = Field(min_length=1)


class ChangeRoles(EditInput):
    """Replaces the roles of a member."""

    roles: list[Role] = Field(min_length=1)
