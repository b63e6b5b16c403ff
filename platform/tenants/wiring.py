"""Registers companies, people, settings and approvals with the application."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from kernel.i18n import mark
from tenants.account import mails as account_mails
from tenants.approvals import mails as approval_mails
from tenants.approvals.messages import MESSAGES as APPROVAL_MESSAGES
from tenants.events import EVENTS
from tenants.mailroom.messages import MESSAGES as MAILROOM_MESSAGES
from tenants.mailroom.queries import in_doubt
from tenants.messages import MESSAGES
from tenants.people import invitations
from tenants.permissions import Permission
from tenants.slice import Heading, NavLine, Slice


def _mails_in_doubt() -> sa.Select[Any]:
    return in_doubt(sa.bindparam("tenant", type_=sa.Uuid))


SLICE: Final = Slice(
    name="tenants",
    pages=(
        "tenants.people.routes:bp",
        "tenants.settings.routes:bp",
        "tenants.settings.notice_routes:bp",
        "tenants.approvals.routes:bp",
        "tenants.approvals.approval_routes:bp",
        "tenants.approvals.substitute_routes:bp",
        "tenants.approvals.chain_routes:bp",
        "tenants.mailroom.routes:bp",
    ),
    commands=("tenants.mailroom.cli:group",),
    outside=(
        "tenants.sign_in.routes:bp",
        "tenants.sign_in.start_routes:bp",
        "tenants.sign_in.welcome_routes:bp",
        "tenants.account.routes:bp",
        "tenants.account.reset_routes:bp",
    ),
    navigation=(
        NavLine(
            Heading.DECISIONS,
            20,
            mark("All approvals"),
            "approvals.index",
            Permission.REVIEW_ACTIONS,
            also=("approval_substitutes",),
        ),
        NavLine(Heading.COMPANY, 30, mark("People"), "people.index", Permission.MANAGE_PEOPLE),
        NavLine(
            Heading.COMPANY,
            40,
            mark("Settings"),
            "settings.edit",
            Permission.MANAGE_SETTINGS,
            also=("approval_chains", "notices"),
        ),
        NavLine(
            Heading.COMPANY,
            50,
            mark("E-mails in doubt"),
            "mailroom.index",
            Permission.SETTLE_MAIL,
            waiting=_mails_in_doubt,
        ),
    ),
    messages={**MESSAGES, **APPROVAL_MESSAGES, **MAILROOM_MESSAGES},
    events=EVENTS,
    mails=(*invitations.MAILS, *account_mails.MAILS, *approval_mails.MAILS),
)
