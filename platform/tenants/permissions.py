"""Grants permissions to roles (R001, R010): one pure table.

Invariant: a permission not granted here to a role of the person is refused; roles are the policy's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from kernel.i18n import mark


class Role(StrEnum):
    """The roles of R001, and those the product adds: collector, legal, admin."""

    SALESPERSON = "salesperson"
    SALES_MANAGER = "sales_manager"
    FINANCE = "finance"
    FINANCE_DIRECTOR = "finance_director"
    GENERAL_MANAGER = "general_manager"
    GM_OFFICE = "gm_office"
    COST_ACCOUNTANT = "cost_accountant"
    ACCOUNTANT = "accountant"
    ORDER_FOLLOW_UP = "order_follow_up"
    WAREHOUSE = "warehouse"
    DRIVER = "driver"
    COLLECTOR = "collector"
    LEGAL = "legal"
    ADMIN = "admin"


class Permission(StrEnum):
    """What can be asked for."""

    ENTER = "enter"
    READ = "read"
    EXPORT = "export"
    IMPORT = "import"
    EDIT_CUSTOMER = "edit_customer"
    POST_LEDGER = "post_ledger"
    LOCK_PERIOD = "lock_period"
    PROPOSE_BAD_DEBT = "propose_bad_debt"
    ISSUE_STATEMENT = "issue_statement"
    REVIEW_ACTIONS = "review_actions"
    WORK_TASKS = "work_tasks"
    PLACE_BLOCK = "place_block"
    RUN_DAY = "run_day"
    SETTLE_MAIL = "settle_mail"
    READ_JOURNAL = "read_journal"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_SETTINGS = "manage_settings"


R, P = Role, Permission
_EVERYONE = frozenset(Role)
_FINANCE = frozenset({R.FINANCE, R.FINANCE_DIRECTOR, R.ACCOUNTANT})
_SALES = frozenset({R.SALESPERSON, R.SALES_MANAGER})
_LEADERS = frozenset({R.FINANCE_DIRECTOR, R.GENERAL_MANAGER})

GRANTS: dict[Permission, frozenset[Role]] = {
    P.ENTER: _EVERYONE,
    P.READ: _EVERYONE - {R.DRIVER, R.WAREHOUSE},
    P.EXPORT: _FINANCE | _LEADERS | {R.SALES_MANAGER, R.COLLECTOR, R.LEGAL},
    P.IMPORT: _FINANCE,
    P.EDIT_CUSTOMER: _FINANCE | _SALES,
    P.POST_LEDGER: _FINANCE,
    P.LOCK_PERIOD: frozenset({R.FINANCE, R.FINANCE_DIRECTOR}),
    P.PROPOSE_BAD_DEBT: _FINANCE | {R.SALES_MANAGER, R.COLLECTOR, R.LEGAL},
    P.ISSUE_STATEMENT: _FINANCE | {R.COLLECTOR},
    P.REVIEW_ACTIONS: _FINANCE | {R.SALES_MANAGER, R.COLLECTOR, R.GENERAL_MANAGER},
    P.WORK_TASKS: _FINANCE | _SALES | {R.COLLECTOR, R.LEGAL, R.GENERAL_MANAGER},
    P.PLACE_BLOCK: _FINANCE | {R.SALES_MANAGER, R.COLLECTOR, R.LEGAL},
    P.RUN_DAY: _FINANCE,
    P.SETTLE_MAIL: _FINANCE | {R.ADMIN},
    P.READ_JOURNAL: _FINANCE | _LEADERS | {R.LEGAL, R.ADMIN},
    P.MANAGE_PEOPLE: frozenset({R.ADMIN}),
    P.MANAGE_SETTINGS: frozenset({R.ADMIN, R.FINANCE_DIRECTOR}),
}

ROLE_NAMES: dict[Role, str] = {
    R.SALESPERSON: mark("Salesperson"),
    R.SALES_MANAGER: mark("Sales manager"),
    R.FINANCE: mark("Finance"),
    R.FINANCE_DIRECTOR: mark("Finance director"),
    R.GENERAL_MANAGER: mark("General manager"),
    R.GM_OFFICE: mark("General manager's office"),
    R.COST_ACCOUNTANT: mark("Cost accountant"),
    R.ACCOUNTANT: mark("Receivables accountant"),
    R.ORDER_FOLLOW_UP: mark("Order follow-up"),
    R.WAREHOUSE: mark("Warehouse"),
    R.DRIVER: mark("Driver"),
    R.COLLECTOR: mark("Collector"),
    R.LEGAL: mark("Legal"),
    R.ADMIN: mark("Administrator"),
}


def allows(roles: Iterable[str], permission: Permission) -> bool:
    """Whether any of `roles` grants `permission`."""
    granted = GRANTS[permission]
    return any(role in granted for role in roles)
