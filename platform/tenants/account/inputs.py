"""Defines the inputs by which a person asks for a link to a new password, and changes the one they have."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from kernel.inputs import CommandInput
from tenants.sign_in.inputs import ChoosePassword, SignInEmail


class AskReset(CommandInput):
    """Asks for a link to a new password by e-mail."""

    email: SignInEmail


class ChangePassword(ChoosePassword):
    """Replaces the password that one has, which is asked again."""

    current: Annotated[str, StringConstraints(min_length=1, max_length=500)]
