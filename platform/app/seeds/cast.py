"""Defines the demo's companies, people and debtors (in the files beside it) with their payment habits.

Invariants: every person and company is invented and lives under `.example`;
every role of R001 has somebody; numbers, names and addresses are unique.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tenants.permissions import Role

PASSWORD: Final = "huikuan-demo-2026"  # noqa: S105 - printed by `make demo`, good for the demo company only


@dataclass(frozen=True, slots=True)
class PersonRole:
    """A person of a demo company."""

    key: str
    name: str
    roles: tuple[Role, ...]

    def email(self, slug: str) -> str:
        """Returns the sign-in e-mail."""
        return f"{self.key}@{slug}.example"


@dataclass(frozen=True, slots=True)
class Debtor:
    """A customer and how it pays. `size` is a usual invoice in whole units of the currency, `monthly` how many a month.

    `slip`: the step at which its one forgotten invoice stands (`at:…`) or arrives with the newest run (`next:…`).
    """

    number: str
    name: str
    domain: str
    contact: str
    title: str
    habit: str
    size: int
    monthly: float
    term_days: int = 30
    settlement_days: int = 0
    currency: str = "CNY"
    language: str = "zh_CN"
    policy: str | None = None
    entity_type: str = "company"
    slip: str = ""
    mail: bool = True

    @property
    def email(self) -> str:
        """Returns the contact's e-mail, empty where none is known."""
        return f"ap@{self.domain}.example" if self.mail else ""


@dataclass(frozen=True, slots=True)
class CompanyCast:
    """A company with its people and debtors."""

    slug: str
    name: str
    timezone: str
    currency: str
    language: str
    policy: str
    calendar: str
    letterhead: dict[str, str]
    people: tuple[PersonRole, ...]
    debtors: tuple[Debtor, ...]


WEIYE_PEOPLE: Final = (
    PersonRole("admin", "周敏", (Role.ADMIN,)),
    PersonRole("finance-director", "郑国栋", (Role.FINANCE_DIRECTOR,)),
    PersonRole("finance", "何静", (Role.FINANCE,)),
    PersonRole("accountant", "林晓", (Role.ACCOUNTANT,)),
    PersonRole("cost-accountant", "冯丽娟", (Role.COST_ACCOUNTANT,)),
    PersonRole("general-manager", "沈伟业", (Role.GENERAL_MANAGER,)),
    PersonRole("gm-office", "唐雅文", (Role.GM_OFFICE,)),
    PersonRole("sales-manager", "陆建军", (Role.SALES_MANAGER,)),
    PersonRole("salesperson", "孙佳怡", (Role.SALESPERSON,)),
    PersonRole("salesperson-2", "高志远", (Role.SALESPERSON,)),
    PersonRole("order-follow-up", "杜梅", (Role.ORDER_FOLLOW_UP,)),
    PersonRole("warehouse", "彭大勇", (Role.WAREHOUSE,)),
    PersonRole("driver", "邓强", (Role.DRIVER,)),
    PersonRole("collector", "许文博", (Role.COLLECTOR,)),
    PersonRole("legal", "顾明远", (Role.LEGAL,)),
    PersonRole("auditor", "叶审言", (Role.AUDITOR,)),
)


def _debtors(slug: str) -> tuple[Debtor, ...]:
    """Loads the debtors of a company's file: good payers with one forgotten invoice each first, the characters last."""
    with Path(__file__).with_name(f"{slug}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_debtor(row) for row in csv.DictReader(file))


def _debtor(row: dict[str, str]) -> Debtor:
    numbers = {"size": int, "monthly": float, "term_days": int, "settlement_days": int}
    values: dict[str, Any] = {name: numbers.get(name, str)(text) for name, text in row.items()}
    return Debtor(**{**values, "policy": row["policy"] or None, "mail": row["mail"] == "yes"})


WEIYE: Final = CompanyCast(
    slug="weiye",
    name="伟业电子有限公司",
    timezone="Asia/Shanghai",
    currency="CNY",
    language="zh_CN",
    policy="five-step",
    calendar="CN",
    letterhead={
        "legal_name": "伟业电子有限公司",
        "address": "广东省东莞市松山湖科技九路 18 号",
        "phone": "0769-8888 0618",
        "tax_id": "91441900MA00DEMO0X",
        "bank_name": "中国示例银行东莞松山湖支行",
        "bank_account": "4400 0000 0000 0618",
        "contact_name": "林晓",
        "contact_email": "accountant@weiye.example",
    },
    people=WEIYE_PEOPLE,
    debtors=_debtors("weiye"),
)

HUAXIN: Final = CompanyCast(
    slug="huaxin",
    name="Huaxin Components Trading",
    timezone="Europe/Berlin",
    currency="EUR",
    language="en",
    policy="twelve-step",
    calendar="MON-FRI",
    letterhead={
        "legal_name": "Huaxin Components Trading GmbH",
        "address": "Speicherstrasse 12, 20457 Hamburg, Germany",
        "phone": "+49 40 0000 0618",
        "tax_id": "DE000000618",
        "bank_name": "Example Bank, Hamburg",
        "bank_account": "DE00 0000 0000 0000 0000 00",
        "contact_name": "Anna Weber",
        "contact_email": "finance@huaxin.example",
    },
    people=(
        PersonRole("finance", "Anna Weber", (Role.FINANCE, Role.FINANCE_DIRECTOR)),
        PersonRole("salesperson", "Jonas Brandt", (Role.SALESPERSON,)),
    ),
    debtors=_debtors("huaxin"),
)

#: Whose newest invoice falls due on the very day.
DUE_TODAY: Final = "C0001"
#: Who pays at the cash desk today, by bill, by bank, or a little short: each has an invoice that is not due yet.
DESK: Final = ("C0002", *(f"C00{n}" for n in range(31, 41)))
#: Who promised to pay: customer → days since the invoice behind the promise fell due.
PROMISED: Final = {"C0052": 20, "C0053": 45}
#: Whose mail server refuses every mail: the first letter for its forgotten invoice comes back.
BOUNCING: Final = "C0046"

#: Who belongs to both companies, so that the switcher shows: a person of the first with roles in the second.
IN_BOTH: Final = ("accountant", (Role.ACCOUNTANT,))
