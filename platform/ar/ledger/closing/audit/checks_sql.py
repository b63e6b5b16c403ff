"""SQL of the ledger's checks: two statements that scan all rows, and one per check that names the wrong ones.

Invariant: the statement of a check selects, as `name`, the rows that break it, and does not depend on the others.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from ar.ledger.books.kept_sums import DIFFERENCES

ENTRIES_BALANCE: Final = "ledger: every entry balances"
ITEMS_POSTED: Final = "ledger: each item stands in the receivables account"
ONLY_ITEMS_POSTED: Final = "ledger: the receivables account holds nothing but items"
OPEN_AMOUNTS: Final = "ledger: open amounts equal amounts less allocations"
CLEARED_DATES: Final = "ledger: cleared dates equal the last allocation's"
ALLOCATION_SIDES: Final = "ledger: allocations join a debt and a credit, not before either"
INSTALMENTS: Final = "ledger: instalments count from one and share their document"
DOCUMENT_FIELDS: Final = "ledger: documents have their days in order, their side and their discount"

_DEBITS: Final = "('invoice', 'debit_note', 'opening', 'interest', 'refund', 'recovery')"
_CREDITS: Final = (
    "('credit_note', 'goods_return', 'receipt', 'bill', 'discount', 'write_off', 'interest_waiver', 'interest_credit',"
    " 'bad_debt')"
)
_DOCUMENTS: Final = f"({_DEBITS[1:-1]}, {_CREDITS[1:-1]})"
_TAXED: Final = (
    "('invoice', 'debit_note', 'interest', 'credit_note', 'goods_return', 'discount', 'interest_waiver',"
    " 'interest_credit', 'reversal')"
)

_DOCUMENT_FIELDS_WRONG: Final = f"""
    i.due_on < i.document_on OR i.collection_end_on < i.due_on
    OR (i.side = 1 AND i.kind IN {_CREDITS}) OR (i.side = -1 AND i.kind IN {_DEBITS})
    OR (i.discount_until_on IS NOT NULL
        AND (i.side = -1 OR i.discount_until_on NOT BETWEEN i.document_on AND i.due_on))
"""
# Two tables agree when the sums of their rows' hashes (with this night's random seed) are equal; the two sides of each
# key are equal when the sums weighted by its hash are. Nothing overflows, nothing is rounded.
_SEED: Final = "CAST(:seed AS bigint)"
_SUMS: Final = f"""
    WITH legs AS (
        SELECT
            sum((debit_minor - credit_minor) * CAST(uuid_hash_extended(entry_id, hashbpcharextended(currency, {_SEED}))
                AS numeric)) AS balance,
            sum(uuid_hash_extended(customer_id, uuid_hash_extended(entry_id, hashbpcharextended(currency,
                hashint8extended(debit_minor - credit_minor, {_SEED}))))) FILTER
                (WHERE account_code = 'receivables') AS owed
        FROM posting WHERE tenant_id = :tenant
    ), entries AS (
        SELECT sum(uuid_hash_extended(id, hashint4extended(effective_on - DATE '2000-01-01',
            hashtextextended(kind, {_SEED})))) FILTER (WHERE kind <> 'reversal') AS documents
        FROM entry WHERE tenant_id = :tenant AND kind IN {_DOCUMENTS}
    ), bare AS (
        SELECT count(*) AS bare FROM entry AS e WHERE e.tenant_id = :tenant AND e.kind NOT IN {_DOCUMENTS}
            AND NOT EXISTS (SELECT FROM posting AS p WHERE p.tenant_id = :tenant AND p.entry_id = e.id)
    ), items AS (
        SELECT
            sum(uuid_hash_extended(customer_id, uuid_hash_extended(entry_id, hashbpcharextended(currency,
                hashint8extended(side * amount_minor, {_SEED}))))) AS owed_by_items,
            sum(uuid_hash_extended(entry_id, hashint4extended(document_on - DATE '2000-01-01',
                hashtextextended(kind, {_SEED})))) FILTER (WHERE instalment_no <= 1 AND kind <> 'reversal')
                AS documents_by_items,
            sum((amount_minor - open_minor) * CAST(uuid_hash_extended(id, {_SEED}) AS numeric)) AS paid_by_items,
            count(*) FILTER (WHERE {_DOCUMENT_FIELDS_WRONG}) AS whole_wrong,
            count(*) FILTER (WHERE (open_minor = 0) <> (cleared_on IS NOT NULL)) AS cleared_odd,
            count(*) FILTER (WHERE instalment_no > 0) AS parts
        FROM open_item AS i WHERE tenant_id = :tenant
    ), allocations AS (
        SELECT sum(amount_minor * (CAST(uuid_hash_extended(debit_item_id, {_SEED}) AS numeric)
            + uuid_hash_extended(credit_item_id, {_SEED}))) AS paid
        FROM allocation WHERE tenant_id = :tenant
    )
    SELECT coalesce(balance, 0) AS balance, coalesce(owed, 0) AS owed, coalesce(owed_by_items, 0) AS owed_by_items,
        coalesce(documents, 0) AS documents, coalesce(documents_by_items, 0) AS documents_by_items, bare,
        coalesce(paid_by_items, 0) AS paid_by_items, coalesce(paid, 0) AS paid, whole_wrong, cleared_odd, parts
    FROM legs, entries, bare, items, allocations
"""  # noqa: S608 - our own text
SUMS: Final = sa.text(_SUMS)

# First and last day of the allocations of an item, on either side.
_SIDES: Final = """
    SELECT debit_item_id AS item_id, 1 AS side, max(effective_on) AS last_on, min(effective_on) AS first_on
    FROM allocation WHERE tenant_id = :tenant GROUP BY debit_item_id
    UNION ALL
    SELECT credit_item_id, -1, max(effective_on), min(effective_on)
    FROM allocation WHERE tenant_id = :tenant GROUP BY credit_item_id
"""
# Open amounts are a check of their own, so they are taken as given here.
_CLEARED_WRONG: Final = "i.cleared_on IS DISTINCT FROM CASE WHEN i.open_minor = 0 THEN s.last_on END"
_ALLOCATION_SIDES_WRONG: Final = "s.side <> i.side OR s.first_on < i.document_on"
# An item cleared without any allocation shows in the sums above; an inner join can run in parallel.
DATES: Final = sa.text(
    f"""
    SELECT count(*) FILTER (WHERE i.cleared_on <> s.last_on) AS cleared_wrong,
        count(*) FILTER (WHERE {_ALLOCATION_SIDES_WRONG}) AS joined_wrong
    FROM ({_SIDES}) AS s JOIN open_item AS i ON i.id = s.item_id
    WHERE i.tenant_id = :tenant
    """  # noqa: S608 - our own text
)


def _item_check(wrong: str) -> str:
    return f"""
        SELECT DISTINCT i.document_no AS name FROM open_item AS i LEFT JOIN ({_SIDES}) AS s ON s.item_id = i.id
        WHERE i.tenant_id = :tenant AND ({wrong})
    """  # noqa: S608 - our own text


#: Run only when the statements above report a possible failure, or rows to check.
BULK: Final[tuple[tuple[str, str], ...]] = (
    (
        ENTRIES_BALANCE,
        """
        SELECT 'entry ' || entry_id AS name FROM posting
        WHERE tenant_id = :tenant GROUP BY entry_id, currency HAVING sum(debit_minor) <> sum(credit_minor)
        UNION ALL
        SELECT 'entry ' || e.id FROM entry AS e
        LEFT JOIN posting AS p ON p.tenant_id = :tenant AND p.entry_id = e.id
        WHERE e.tenant_id = :tenant AND p.id IS NULL
        """,
    ),
    (
        OPEN_AMOUNTS,
        """
        SELECT i.document_no AS name FROM open_item AS i
        LEFT JOIN (
            SELECT item_id, sum(amount_minor) AS paid FROM (
                SELECT debit_item_id AS item_id, amount_minor FROM allocation WHERE tenant_id = :tenant
                UNION ALL
                SELECT credit_item_id, amount_minor FROM allocation WHERE tenant_id = :tenant
            ) AS sides GROUP BY item_id
        ) AS s ON s.item_id = i.id
        WHERE i.tenant_id = :tenant AND i.open_minor <> i.amount_minor - coalesce(s.paid, 0)
        """,
    ),
    (CLEARED_DATES, _item_check(_CLEARED_WRONG)),
    (
        ITEMS_POSTED,
        """
        SELECT DISTINCT i.document_no AS name FROM (
            SELECT entry_id, customer_id, currency, sum(side * amount_minor) AS minor, min(document_no) AS document_no,
                min(document_on) AS first_on, max(document_on) AS last_on, min(kind) AS kind
            FROM open_item WHERE tenant_id = :tenant GROUP BY entry_id, customer_id, currency
        ) AS i
        LEFT JOIN (
            SELECT entry_id, customer_id, currency, sum(debit_minor - credit_minor) AS minor FROM posting
            WHERE tenant_id = :tenant AND account_code = 'receivables' GROUP BY entry_id, customer_id, currency
        ) AS p ON p.entry_id = i.entry_id AND p.customer_id = i.customer_id AND p.currency = i.currency
        LEFT JOIN entry AS e ON e.tenant_id = :tenant AND e.id = i.entry_id
        WHERE p.minor IS DISTINCT FROM i.minor OR e.effective_on IS DISTINCT FROM i.first_on
            OR e.effective_on IS DISTINCT FROM i.last_on OR e.kind IS DISTINCT FROM i.kind
        """,
    ),
    (
        ONLY_ITEMS_POSTED,
        f"""
        SELECT p.currency || ' ' || p.id AS name FROM posting AS p
        LEFT JOIN open_item AS i ON i.tenant_id = :tenant AND i.entry_id = p.entry_id
            AND i.customer_id = p.customer_id AND i.currency = p.currency
        WHERE p.tenant_id = :tenant AND p.account_code = 'receivables' AND i.id IS NULL
        UNION ALL
        SELECT 'entry ' || e.id FROM entry AS e
        LEFT JOIN open_item AS i ON i.tenant_id = :tenant AND i.entry_id = e.id
        WHERE e.tenant_id = :tenant AND e.kind IN {_DOCUMENTS} AND i.id IS NULL
        """,  # noqa: S608 - our own text
    ),
    (ALLOCATION_SIDES, _item_check(_ALLOCATION_SIDES_WRONG)),
    (DOCUMENT_FIELDS, _item_check(_DOCUMENT_FIELDS_WRONG)),
    (
        INSTALMENTS,
        """
        SELECT min(document_no) AS name FROM open_item WHERE tenant_id = :tenant AND instalment_no > 0
        GROUP BY entry_id
        HAVING min(instalment_no) <> 1 OR max(instalment_no) <> count(*)
            OR count(DISTINCT (kind, document_no, document_on, customer_id, currency)) <> 1
        """,
    ),
)

#: Run every time: each selects its rows by an index, so cost follows the rows of its kind.
SINGLE: Final[tuple[tuple[str, str], ...]] = (
    (
        # Without a reversal the sums only grow, and the check of open amounts covers them.
        "ledger: no item over-allocated as of any date",
        """
        WITH back AS (
            SELECT debit_item_id, credit_item_id FROM allocation WHERE tenant_id = :tenant AND reverses_id IS NOT NULL
        ), touched AS (
            SELECT debit_item_id AS item_id FROM back UNION SELECT credit_item_id FROM back
        ), sides AS (
            SELECT t.item_id, a.effective_on, a.amount_minor FROM touched AS t
            JOIN allocation AS a ON a.tenant_id = :tenant AND a.debit_item_id = t.item_id
            UNION ALL
            SELECT t.item_id, a.effective_on, a.amount_minor FROM touched AS t
            JOIN allocation AS a ON a.tenant_id = :tenant AND a.credit_item_id = t.item_id
        )
        SELECT i.document_no AS name FROM open_item AS i
        JOIN (
            SELECT item_id, max(paid) AS most, min(paid) AS least FROM (
                SELECT item_id, sum(sum(amount_minor)) OVER (PARTITION BY item_id ORDER BY effective_on) AS paid
                FROM sides GROUP BY item_id, effective_on
            ) AS running GROUP BY item_id
        ) AS a ON a.item_id = i.id
        WHERE i.tenant_id = :tenant AND (a.most > i.amount_minor OR a.least < 0)
        """,
    ),
    (
        "ledger: an allocation taken back mirrors the first",
        """
        SELECT 'allocation ' || r.id AS name FROM allocation AS r
        JOIN allocation AS o ON o.tenant_id = :tenant AND o.id = r.reverses_id
        WHERE r.tenant_id = :tenant AND r.reverses_id IS NOT NULL AND (r.amount_minor <> -o.amount_minor
            OR r.debit_item_id <> o.debit_item_id OR r.credit_item_id <> o.credit_item_id
            OR r.effective_on < o.effective_on)
        """,
    ),
    (
        "ledger: a reversal mirrors its document",
        """
        SELECT r.document_no AS name FROM open_item AS r
        JOIN open_item AS o ON o.tenant_id = :tenant AND o.id = r.reverses_id
        LEFT JOIN entry AS e ON e.tenant_id = :tenant AND e.id = r.entry_id
        WHERE r.tenant_id = :tenant AND r.reverses_id IS NOT NULL AND (r.side <> -o.side
            OR r.amount_minor <> o.amount_minor OR r.currency <> o.currency OR r.instalment_no <> o.instalment_no
            OR e.reverses_id IS DISTINCT FROM o.entry_id OR e.effective_on IS DISTINCT FROM r.document_on)
        """,
    ),
    (
        "ledger: a reversing entry mirrors its entry",
        """
        SELECT DISTINCT 'entry ' || id AS name FROM (
            SELECT r.id, p.account_code, p.currency, p.customer_id, p.debit_minor - p.credit_minor AS minor
            FROM entry AS r JOIN posting AS p ON p.tenant_id = :tenant AND p.entry_id = r.id
            WHERE r.tenant_id = :tenant AND r.reverses_id IS NOT NULL
            UNION ALL
            SELECT r.id, p.account_code, p.currency, p.customer_id, p.debit_minor - p.credit_minor
            FROM entry AS r JOIN posting AS p ON p.tenant_id = :tenant AND p.entry_id = r.reverses_id
            WHERE r.tenant_id = :tenant AND r.reverses_id IS NOT NULL
        ) AS both_entries
        GROUP BY id, account_code, currency, customer_id HAVING sum(minor) <> 0
        """,
    ),
    (
        "ledger: output tax is a part of its document",
        f"""
        SELECT 'entry ' || t.entry_id AS name FROM posting AS t
        JOIN entry AS e ON e.tenant_id = :tenant AND e.id = t.entry_id
        JOIN posting AS r ON r.tenant_id = :tenant AND r.entry_id = t.entry_id AND r.account_code = 'receivables'
        WHERE t.tenant_id = :tenant AND t.account_code = 'output_tax'
        GROUP BY t.entry_id, t.id, e.kind, t.debit_minor, t.credit_minor
        HAVING e.kind NOT IN {_TAXED} OR t.debit_minor + t.credit_minor >= abs(sum(r.debit_minor - r.credit_minor))
            OR sign(t.debit_minor - t.credit_minor) = sign(sum(r.debit_minor - r.credit_minor))
        """,  # noqa: S608 - our own text
    ),
    (
        "ledger: debts written off stand in the memorandum",
        """
        SELECT 'entry ' || coalesce(m.entry_id, i.entry_id) AS name FROM (
            SELECT entry_id, currency,
                coalesce(sum(debit_minor - credit_minor) FILTER (WHERE account_code = 'written_off'), 0) AS minor,
                sum(debit_minor - credit_minor) AS rest
            FROM posting
            WHERE tenant_id = :tenant AND account_code IN ('written_off', 'written_off_contra')
            GROUP BY entry_id, currency
        ) AS m
        FULL JOIN (
            SELECT entry_id, currency, -sum(side * amount_minor) AS minor FROM open_item
            WHERE tenant_id = :tenant AND kind IN ('bad_debt', 'recovery') GROUP BY entry_id, currency
        ) AS i ON i.entry_id = m.entry_id AND i.currency = m.currency
        WHERE m.rest IS DISTINCT FROM 0 OR (i.entry_id IS NOT NULL AND m.minor IS DISTINCT FROM i.minor)
        """,
    ),
    (
        # Money is never posted before it came; a bill alone may become money later, and every other credit counts from
        # its own day. A discount counts from the money that earned it.
        "ledger: no credit was posted before it came",
        """
        SELECT document_no AS name FROM open_item
        WHERE tenant_id = :tenant AND side = -1 AND (
            (kind IN ('receipt', 'discount') AND came_on > document_on)
            OR (kind NOT IN ('receipt', 'discount', 'bill') AND came_on <> document_on))
        """,
    ),
    (
        "ledger: no discount outlives the payment that earned it",
        """
        SELECT DISTINCT i.document_no AS name FROM open_item AS d
        JOIN allocation AS a ON a.tenant_id = :tenant AND a.credit_item_id = d.id
        JOIN open_item AS i ON i.tenant_id = :tenant AND i.id = a.debit_item_id
        WHERE d.tenant_id = :tenant AND d.kind = 'discount' AND i.discount_bps IS NOT NULL
            AND NOT EXISTS (SELECT FROM open_item AS m WHERE m.tenant_id = :tenant AND m.reverses_id = d.id)
        GROUP BY i.id, i.document_no HAVING sum(a.amount_minor) > 0 AND NOT EXISTS (
            SELECT FROM allocation AS p JOIN open_item AS c ON c.tenant_id = :tenant AND c.id = p.credit_item_id
            WHERE p.tenant_id = :tenant AND p.debit_item_id = i.id AND c.kind IN ('receipt', 'bill')
                AND NOT c.conditional
            GROUP BY p.debit_item_id HAVING sum(p.amount_minor) > 0)
        """,
    ),
    (
        "ledger: running numbers have no gap",
        """
        SELECT c.name || ': ' || c.value || ' counted, ' || used.numbers || ' used' AS name
        FROM (VALUES
            ('reversal', 'reversal', 'REV'), ('document:write_off', 'write_off', 'WO'),
            ('document:invoice', 'invoice', 'INV'), ('document:debit_note', 'debit_note', 'DN'),
            ('document:credit_note', 'credit_note', 'CN'), ('document:goods_return', 'goods_return', 'RT'),
            ('receipt', 'receipt', 'RC')
        ) AS n (counter, kind, prefix)
        JOIN tenant_counter AS c ON c.tenant_id = :tenant AND c.name ~ ('^' || n.counter || ':[0-9]{4}$')
        CROSS JOIN LATERAL (
            SELECT count(DISTINCT i.document_no) AS numbers FROM open_item AS i
            WHERE i.tenant_id = :tenant AND i.kind = n.kind
                AND i.document_no ~>=~ (n.prefix || '-' || right(c.name, 4) || '-')
                AND i.document_no ~<~ (n.prefix || '-' || right(c.name, 4) || '.')
        ) AS used
        WHERE c.tenant_id = :tenant AND used.numbers < c.value
        """,
    ),
    (
        "periods: the state is that of the newest lock",
        """
        SELECT 'locked through ' || coalesce(CAST(s.locked_through AS text), 'nothing') || ', newest lock '
            || coalesce(CAST(l.through_on AS text), 'nothing') AS name
        FROM books_state AS s LEFT JOIN (
            SELECT through_on FROM period_lock WHERE tenant_id = :tenant ORDER BY id DESC LIMIT 1
        ) AS l ON true
        WHERE s.tenant_id = :tenant AND s.locked_through IS DISTINCT FROM l.through_on
        """,
    ),
    (
        # Ids of entries, allocations and locks are in the order of their creation.
        "periods: nothing was dated in a locked period",
        """
        WITH states AS (
            SELECT id AS from_id, lead(id) OVER (ORDER BY id) AS to_id, through_on
            FROM period_lock WHERE tenant_id = :tenant
        )
        SELECT 'entry ' || e.id AS name FROM states AS s
        JOIN entry AS e ON e.tenant_id = :tenant AND e.id > s.from_id AND (s.to_id IS NULL OR e.id < s.to_id)
        WHERE e.tenant_id = :tenant AND e.effective_on <= s.through_on
        UNION ALL
        SELECT 'allocation ' || a.id FROM states AS s
        JOIN allocation AS a ON a.tenant_id = :tenant AND a.id > s.from_id AND (s.to_id IS NULL OR a.id < s.to_id)
        WHERE a.tenant_id = :tenant AND a.effective_on <= s.through_on
        """,
    ),
    (
        # Scans the postings once for all locks, and only where something is locked.
        "periods: balances kept with a lock equal its entries",
        """
        WITH valid AS (
            SELECT l.id, l.through_on, dense_rank() OVER (ORDER BY l.through_on) AS place FROM period_lock AS l
            WHERE l.tenant_id = :tenant AND l.kind = 'lock' AND NOT EXISTS (
                SELECT FROM period_lock AS u WHERE u.tenant_id = :tenant AND u.kind = 'unlock' AND u.id > l.id
                    AND (u.through_on IS NULL OR u.through_on < l.through_on))
        ), days AS (
            SELECT array_agg(DISTINCT through_on + 1 ORDER BY through_on + 1) AS firsts FROM valid
        ), moved AS MATERIALIZED (
            SELECT p.account_code, p.currency, width_bucket(e.effective_on, (SELECT firsts FROM days)) AS place,
                sum(p.debit_minor) AS debit_minor, sum(p.credit_minor) AS credit_minor
            FROM posting AS p JOIN entry AS e ON e.tenant_id = :tenant AND e.id = p.entry_id
            WHERE p.tenant_id = :tenant AND EXISTS (SELECT FROM valid)
            GROUP BY 1, 2, 3
        ), summed AS (
            SELECT v.id, m.account_code, m.currency, sum(m.debit_minor) AS debit_minor,
                sum(m.credit_minor) AS credit_minor
            FROM valid AS v JOIN moved AS m ON m.place < v.place GROUP BY v.id, m.account_code, m.currency
        ), kept AS (
            SELECT b.lock_id, b.account_code, b.currency, b.debit_minor, b.credit_minor FROM period_balance AS b
            JOIN valid AS v ON v.id = b.lock_id WHERE b.tenant_id = :tenant
        )
        SELECT v.through_on || ' ' || coalesce(k.account_code, s.account_code) || ' '
            || coalesce(k.currency, s.currency) AS name
        FROM summed AS s
        FULL JOIN kept AS k ON k.lock_id = s.id AND k.account_code = s.account_code AND k.currency = s.currency
        JOIN valid AS v ON v.id = coalesce(k.lock_id, s.id)
        WHERE k.debit_minor IS DISTINCT FROM s.debit_minor OR k.credit_minor IS DISTINCT FROM s.credit_minor
        """,
    ),
)
KEPT_SUMS: Final = "ledger: kept sums equal the books"
KEPT_SUMS_WRONG: Final = (
    f"SELECT concat_ws(' ', d.measure, d.day, d.currency, d.owner_id) AS name FROM ({DIFFERENCES}) AS d"  # noqa: S608
)
