"""The questions of the opening questionnaire (R026, R027), in their groups.

Of the principal nothing is asked but integrity in business: no family, health, habits or faith (A12).
"""

from __future__ import annotations

from typing import Final

from kernel.i18n import mark

#: Group → its questions, code → label. Codes are stored with the answers and never change.
QUESTIONS: Final[dict[str, dict[str, str]]] = {
    mark("Credit standing"): {
        "development": mark("Development of the business"),
        "reputation": mark("Reputation in the trade"),
        "trading_record": mark("Trading record with us and others"),
        "opinions": mark("Opinion of suppliers and buyers"),
    },
    mark("Finance"): {
        "entity_nature": mark("Nature of the enterprise and its owners"),
        "registered_capital": mark("Registered capital"),
        "source_of_funds": mark("Source of funds"),
        "fixed_assets": mark("Fixed assets"),
        "working_capital": mark("Working capital"),
        "debts": mark("Debts"),
        "repayment": mark("Ability to repay"),
        "own_receivables": mark("Its own receivables"),
    },
    mark("Operation"): {
        "direction": mark("Direction of the business"),
        "philosophy": mark("How the owner does business"),
        "channels": mark("Main channels"),
        "experience": mark("Experience in the trade"),
        "competing": mark("Does it sell competing products?"),
        "best_sellers": mark("Which agencies sell best?"),
        "sales_force": mark("Sales force"),
        "sales_scale": mark("Scale of sales"),
        "storage": mark("Storage"),
        "logistics": mark("Logistics"),
    },
    mark("Principal and sources"): {
        "integrity": mark("Integrity of the principal in business"),
        "sources": mark("Sources: credit report, other suppliers, financial statements"),
    },
}
CODES: Final = tuple(code for questions in QUESTIONS.values() for code in questions)
