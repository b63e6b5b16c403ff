"""Defines the inputs of signing in and choosing a password."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints, field_validator

from kernel.i18n import mark
from kernel.inputs import CommandInput
from kernel.texts import BadAddress, mail_address, one_line
from tenants.sign_in.passwords import PASSWORD_MIN_CHARS


def sign_in_key(typed: str) -> str:
    """Returns the normalised e-mail, by which an account is looked up and its attempts are counted.

    Ignores width, case, spaces and invisible characters; an international domain is in its `xn--` form, as stored.
    """
    plain = one_line(unicodedata.normalize("NFKC", one_line(typed))).lower()
    try:
        return mail_address(plain).lower()
    except BadAddress:
        return plain


def _sign_in_email(value: object) -> object:
    return sign_in_key(value) if isinstance(value, str) else value


SignInEmail = Annotated[str, StringConstraints(min_length=1, max_length=254), BeforeValidator(_sign_in_email)]


class SignIn(CommandInput):
    """Signs in by e-mail and password."""

    email: SignInEmail
    password: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class ChoosePassword(CommandInput):
    """Sets a new password, typed twice."""

    password: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    again: str = ""

    @field_validator("password")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if len(value) < PASSWORD_MIN_CHARS:
            raise ValueError(mark("Use at least 10 characters; a sentence is good."))
        return value
