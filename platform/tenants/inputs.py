"""Defines the inputs of the commands on companies and people, and of signing in.

Invariant: a text that may appear in a mail header or on a letter is one line.
"""

from __future__ import annotations

import unicodedata
from datetime import date, time
from typing import Annotated, Literal
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, field_validator

from kernel.i18n import mark
from kernel.inputs import CommandInput
from kernel.texts import BadAddress, mail_address, one_line
from tenants.permissions import Role
from tenants.sign_in.passwords import PASSWORD_MIN_CHARS


def _email(value: str) -> str:
    return mail_address(value).lower()


def _email_or_nothing(value: str) -> str:
    return _email(value) if value else ""


def _line(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


Email = Annotated[str, AfterValidator(_email)]
# BeforeValidator last: it runs first, so the bounds count the normalised line.
Line = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(_line)]
OptionalEmail = Annotated[str, BeforeValidator(_line), AfterValidator(_email_or_nothing)]
OptionalLine = Annotated[str, StringConstraints(max_length=200), BeforeValidator(_line)]


class CreateTenant(CommandInput):
    """Creates a company with its first person (roles admin and finance director)."""

    slug: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    name: Line
    owner_email: Email
    owner_name: OptionalLine = ""
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    language: Literal["zh_CN", "en"] = "zh_CN"
    policy: Literal["five-step", "twelve-step"] = "five-step"
    run_at: time = time(8, 30)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(mark("Name a time zone like Asia/Shanghai."))
        return value

    @field_validator("currency")
    @classmethod
    def _currency(cls, value: str) -> str:
        if value.upper() not in list_currencies():
            raise ValueError(mark("Name a currency by its three letters, like CNY."))
        return value.upper()


class InvitePerson(CommandInput):
    """Invites a person with roles in a company."""

    email: Email
    name: Line
    roles: list[Role] = Field(min_length=1)


class ChangeRoles(CommandInput):
    """Replaces the roles of a member."""

    roles: list[Role] = Field(min_length=1)


class CalendarDay(CommandInput):
    """Sets a day on which the company deviates from its calendar."""

    on: date
    working: bool
    reason: Line


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


class SignIn(CommandInput):
    """Signs in by e-mail and password."""

    email: Annotated[str, StringConstraints(min_length=1, max_length=254), BeforeValidator(_sign_in_email)]
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


class CompanySettings(CommandInput):
    """Changes the company's letterhead and automation settings."""

    legal_name: Line
    address: OptionalLine = ""
    phone: OptionalLine = ""
    tax_id: OptionalLine = ""
    bank_name: OptionalLine = ""
    bank_account: OptionalLine = ""
    contact_name: OptionalLine = ""
    contact_email: OptionalEmail = ""
    policy_code: Literal["five-step", "twelve-step"] = "five-step"
    calendar: Literal["CN", "MON-FRI"] = "CN"
    review_mode: bool = False
