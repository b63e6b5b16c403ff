"""Says who sees what and who may do what (R001, R010): two pure tables, of sight and of deeds.

Invariant: a permission not granted here to a role of the person is refused; roles are the policy's own. A person of
several roles sees what any of them sees.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from kernel.i18n import mark


class Role(StrEnum):
    """The roles of R001, and those the product adds: collector, legal, admin, auditor."""

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
    AUDITOR = "auditor"


class Permission(StrEnum):
    """What can be asked for."""

    ENTER = "enter"
    READ = "read"
    READ_TOTALS = "read_totals"
    READ_CLAIMS = "read_claims"
    READ_BANK = "read_bank"
    READ_BOOKS = "read_books"
    READ_JOURNAL = "read_journal"
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
    MANAGE_PEOPLE = "manage_people"
    MANAGE_SETTINGS = "manage_settings"
    READ_ORDERS = "read_orders"
    EDIT_ORDERS = "edit_orders"
    EDIT_CONTRACTS = "edit_contracts"
    SHIP = "ship"
    DRIVE = "drive"
    SIGN_OFF = "sign_off"
    EXPLAIN_UNSIGNED = "explain_unsigned"
    CHOOSE_MEASURE = "choose_measure"
    ASSESS = "assess"
    MANAGE_CREDIT = "manage_credit"
    STOP_SHIPMENTS = "stop_shipments"
    KEEP_FILE = "keep_file"
    VERIFY_FILE = "verify_file"
    ASSIGN_OWNER = "assign_owner"
    NOTE_SIGNAL = "note_signal"
    DECIDE_SIGNAL = "decide_signal"


class Customers(StrEnum):
    """Whose customers a role sees, with all that belongs to them: documents, receipts, letters, statements, totals."""

    NONE = "none"
    OWN = "own"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Sees:
    """What one role sees.

    `totals`: sums over the customers that it sees (aging, key figures, Today's balances) and the lists of all letters,
    receipts and bills. `claims`: interest and bad debts. `bank`: bank lines, files and accounts. `books`: accounts,
    entries, periods, rates, provision. `journal`: the journal and the examinations. `orders`: orders and deliveries; of
    who sees no customers only their goods and where they go, without amounts.
    """

    customers: Customers
    totals: bool = True
    claims: bool = False
    bank: bool = False
    books: bool = False
    journal: bool = False
    orders: bool = True


R, P = Role, Permission
_NOTHING = Sees(Customers.NONE, totals=False)
_ONE_BY_ONE = Sees(Customers.ALL, totals=False)
_CUSTOMERS = Sees(Customers.ALL)
_CLAIMS = Sees(Customers.ALL, claims=True)
_ALL = Sees(Customers.ALL, claims=True, bank=True, books=True, journal=True)

#: Who sees what. A company may widen OWN to ALL in its settings; pages, totals, search and files all follow.
SEES: dict[Role, Sees] = {
    R.SALESPERSON: Sees(Customers.OWN),
    R.SALES_MANAGER: _CLAIMS,
    R.FINANCE: _ALL,
    R.FINANCE_DIRECTOR: _ALL,
    R.GENERAL_MANAGER: _ALL,
    R.GM_OFFICE: _CUSTOMERS,
    R.COST_ACCOUNTANT: _CUSTOMERS,
    R.ACCOUNTANT: _ALL,
    R.ORDER_FOLLOW_UP: _ONE_BY_ONE,
    R.WAREHOUSE: _NOTHING,
    R.DRIVER: _NOTHING,
    R.COLLECTOR: _CLAIMS,
    R.LEGAL: _CLAIMS,
    R.ADMIN: _ONE_BY_ONE,
    R.AUDITOR: _ALL,
}

_EVERYONE = frozenset(Role)
_FINANCE = frozenset({R.FINANCE, R.FINANCE_DIRECTOR, R.ACCOUNTANT})
_SALES = frozenset({R.SALESPERSON, R.SALES_MANAGER})
_LEADERS = frozenset({R.FINANCE_DIRECTOR, R.GENERAL_MANAGER})

GRANTS: dict[Permission, frozenset[Role]] = {
    P.ENTER: _EVERYONE,
    P.READ: frozenset(role for role, sees in SEES.items() if sees.customers is not Customers.NONE),
    P.READ_TOTALS: frozenset(role for role, sees in SEES.items() if sees.totals),
    P.READ_CLAIMS: frozenset(role for role, sees in SEES.items() if sees.claims),
    P.READ_BANK: frozenset(role for role, sees in SEES.items() if sees.bank),
    P.READ_BOOKS: frozenset(role for role, sees in SEES.items() if sees.books),
    P.READ_JOURNAL: frozenset(role for role, sees in SEES.items() if sees.journal),
    P.READ_ORDERS: frozenset(role for role, sees in SEES.items() if sees.orders),
    P.EDIT_ORDERS: _SALES | {R.ORDER_FOLLOW_UP, R.FINANCE, R.FINANCE_DIRECTOR},
    P.EDIT_CONTRACTS: _SALES | {R.GM_OFFICE, R.FINANCE, R.FINANCE_DIRECTOR, R.COST_ACCOUNTANT},
    P.SHIP: frozenset({R.WAREHOUSE, R.ORDER_FOLLOW_UP}),
    P.DRIVE: frozenset({R.DRIVER}),
    P.SIGN_OFF: _SALES | {R.ORDER_FOLLOW_UP, R.DRIVER, R.WAREHOUSE, R.ACCOUNTANT, R.FINANCE},
    P.EXPLAIN_UNSIGNED: _SALES | {R.ORDER_FOLLOW_UP, R.ACCOUNTANT, R.FINANCE},
    P.CHOOSE_MEASURE: frozenset({R.SALES_MANAGER, R.GENERAL_MANAGER}),
    P.ASSESS: _SALES | _FINANCE | {R.GENERAL_MANAGER},
    P.MANAGE_CREDIT: _FINANCE | {R.GENERAL_MANAGER},
    P.STOP_SHIPMENTS: _FINANCE | {R.SALES_MANAGER, R.COLLECTOR, R.LEGAL, R.GENERAL_MANAGER},
    P.KEEP_FILE: _FINANCE | _SALES | {R.GM_OFFICE},
    P.VERIFY_FILE: _FINANCE,
    P.ASSIGN_OWNER: frozenset({R.SALES_MANAGER, R.GENERAL_MANAGER, R.ADMIN}),
    P.NOTE_SIGNAL: _FINANCE | _SALES | {R.ORDER_FOLLOW_UP, R.COLLECTOR, R.LEGAL, R.GENERAL_MANAGER},
    P.DECIDE_SIGNAL: _FINANCE | {R.SALES_MANAGER, R.GENERAL_MANAGER},
    P.EXPORT: _FINANCE | _LEADERS | {R.SALES_MANAGER, R.COLLECTOR, R.LEGAL, R.AUDITOR},
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
    R.AUDITOR: mark("Auditor"),
}


def allows(roles: Iterable[str], permission: Permission) -> bool:
    """Whether any of `roles` grants `permission`."""
    granted = GRANTS[permission]
    return any(role in granted for role in roles)


def sees_own_customers_only(roles: Iterable[str]) -> bool:
    """Whether none of `roles` sees every customer, and one sees its own."""
    held = frozenset(roles)
    scopes = {sees.customers for role, sees in SEES.items() if role.value in held}
    return Customers.OWN in scopes and Customers.ALL not in scopes
