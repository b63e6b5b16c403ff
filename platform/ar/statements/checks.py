"""Checks statements against their own frozen lines, the ledger, and the journal event of their issue.

Plain SQL, so that it shares no mistake with the code it checks. Invariant: it reads only, with the tenant bound in
every statement.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.ledger.lookups import run_check
from tenants.slice import Check

# Each check selects, as `name`, the numbers of the statements that break its invariant.
_CHECKS: Final[tuple[tuple[str, str], ...]] = (
    (
        "statements: the movements lead from the opening to the closing balance",
        """
        SELECT s.number AS name FROM statement s
        LEFT JOIN (
            SELECT statement_id, sum(debit_minor) AS debits, sum(credit_minor) AS credits FROM statement_line
            WHERE tenant_id = :tenant AND part = 'movement' GROUP BY statement_id
        ) AS l ON l.statement_id = s.id
        WHERE s.tenant_id = :tenant AND (
            s.opening_minor + coalesce(l.debits, 0) - coalesce(l.credits, 0) <> s.closing_minor
            OR coalesce(l.debits, 0) <> s.debits_minor OR coalesce(l.credits, 0) <> s.credits_minor)
        """,
    ),
    (
        "statements: the open items add up to the closing balance",
        """
        SELECT s.number AS name FROM statement s
        LEFT JOIN (
            SELECT statement_id, sum(debit_minor - credit_minor) AS minor FROM statement_line
            WHERE tenant_id = :tenant AND part = 'open' GROUP BY statement_id
        ) AS l ON l.statement_id = s.id
        WHERE s.tenant_id = :tenant AND coalesce(l.minor, 0) <> s.closing_minor
        """,
    ),
    (
        "statements: the balance after each line follows from the line before",
        """
        SELECT DISTINCT s.number AS name FROM (
            SELECT statement_id, part, balance_minor,
                sum(debit_minor - credit_minor) OVER (PARTITION BY statement_id, part ORDER BY position) AS so_far
            FROM statement_line WHERE tenant_id = :tenant
        ) AS l JOIN statement s ON s.tenant_id = :tenant AND s.id = l.statement_id
        WHERE s.tenant_id = :tenant
            AND l.balance_minor <> l.so_far + CASE WHEN l.part = 'movement' THEN s.opening_minor ELSE 0 END
        """,
    ),
    (
        # An event without one of the two facts (recorded by an older release) is not compared by it.
        "statements: PDF and closing balance are those that the journal noted",
        """
        SELECT s.number AS name FROM statement s
        JOIN journal_event j ON j.tenant_id = :tenant AND j.subject_id = s.id AND j.kind = 'statement_issued'
        WHERE s.tenant_id = :tenant AND (
            coalesce(j.data ->> 'pdf_sha256', s.pdf_sha256) <> s.pdf_sha256
            OR coalesce(CAST(j.data ->> 'closing_minor' AS bigint), s.closing_minor) <> s.closing_minor)
        """,
    ),
    (
        "statements: every PDF is there",
        """
        SELECT s.number AS name FROM statement s WHERE s.tenant_id = :tenant AND NOT EXISTS (SELECT FROM blob b
        WHERE b.tenant_id = :tenant AND b.sha256 = s.pdf_sha256)
        """,
    ),
    (
        "statements: every answer names the PDF that was issued",
        """
        SELECT c.reference AS name FROM confirmation c
        JOIN statement s ON s.tenant_id = c.tenant_id AND s.id = c.statement_id
        WHERE c.tenant_id = :tenant AND s.tenant_id = :tenant AND c.pdf_sha256 <> s.pdf_sha256
        """,
    ),
    (
        "statements: opening, debits and credits give the closing balance",
        """
        SELECT number AS name FROM statement WHERE tenant_id = :tenant
        AND closing_minor <> opening_minor + debits_minor - credits_minor
        """,
    ),
    (
        # A number is used by its statement, promised to one that waits, or its plan says why it stays unused.
        "statements: no number is missing without a reason",
        """
        WITH known AS (
            SELECT CAST(substring(number FROM '[0-9]+$') AS bigint) AS number FROM statement WHERE tenant_id = :tenant
            UNION
            SELECT number FROM planned_statement WHERE tenant_id = :tenant AND outcome IS DISTINCT FROM 'issued'
            UNION
            SELECT value + 1 FROM tenant_counter WHERE tenant_id = :tenant AND name = 'statement'
        )
        SELECT CASE WHEN before + 2 = number THEN '' ELSE before + 1 || ' to ' END || number - 1 AS name
        FROM (SELECT number, lag(number, 1, CAST(0 AS bigint)) OVER (ORDER BY number) AS before FROM known) AS steps
        WHERE number > before + 1
        """,
    ),
    (
        # Documents posted into that period later do not make a frozen statement wrong. What was written off is still
        # owed (R234); older releases stated the books without it.
        "statements: the newest ones agree with the ledger as it stood",
        """
        WITH newest AS (
            SELECT DISTINCT ON (customer_id, currency)
                number, customer_id, currency, period_to, issued_at, closing_minor
            FROM statement WHERE tenant_id = :tenant ORDER BY customer_id, currency, issued_at DESC, number DESC
        )
        SELECT n.number AS name FROM newest n CROSS JOIN LATERAL (
            SELECT coalesce(sum(p.debit_minor - p.credit_minor), 0) AS books_minor,
                coalesce(sum(p.debit_minor - p.credit_minor) FILTER (WHERE e.recorded_at <= n.issued_at), 0)
                    AS books_then_minor,
                coalesce(sum(p.debit_minor - p.credit_minor) FILTER (WHERE coalesce(o.kind, e.kind)
                    NOT IN ('bad_debt', 'recovery')), 0) AS owed_minor,
                coalesce(sum(p.debit_minor - p.credit_minor) FILTER (WHERE e.recorded_at <= n.issued_at
                    AND coalesce(o.kind, e.kind) NOT IN ('bad_debt', 'recovery')), 0) AS owed_then_minor
            FROM posting p JOIN entry e ON e.tenant_id = p.tenant_id AND e.id = p.entry_id
            LEFT JOIN entry o ON o.tenant_id = e.tenant_id AND o.id = e.reverses_id
            WHERE p.tenant_id = :tenant AND e.tenant_id = :tenant AND p.account_code = 'receivables'
                AND p.customer_id = n.customer_id AND p.currency = n.currency AND e.effective_on <= n.period_to
        ) AS ledger
        WHERE n.closing_minor NOT IN
            (ledger.owed_minor, ledger.owed_then_minor, ledger.books_minor, ledger.books_then_minor)
        """,
    ),
)


def statement_checks(db: Session, tenant_id: UUID) -> list[Check]:
    """Returns the checks of one tenant's statements; the cost follows their whole history, so they run nightly."""
    return [run_check(db, tenant_id, name, sql) for name, sql in _CHECKS]
