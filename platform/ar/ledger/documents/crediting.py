"""What a credit note does to the document it concerns: the rest of its tax, and the discount taken on it.

Invariants: credit notes together give back no more tax than the document has; of what was paid with a discount only
what was paid is given back; the caller has locked the customer before posting.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.ledger.books.allocation import NewAllocation, allocate_locked
from ar.ledger.books.entries import NewItem
from ar.ledger.books.posting import post_items
from ar.ledger.documents.parsing import Document
from ar.ledger.rules.shares import discount_given_back, share_of, tax_left
from kernel.actor import Actor
from kernel.views import view

DISCOUNTS: Final = "discounts_allowed"
#: Reasons that say what was delivered is worth less; goodwill gives what it says.
_WORTH_LESS: Final = ("price", "goods")


@dataclass(frozen=True, slots=True)
class CreditedDocument:
    """The document that a credit note concerns, with the credit notes on it; amounts in minor units, tax within them.

    `settled_minor`: money and discount applied, `taken_minor`: the discount alone. `beyond_minor`: credited before and
    not applied to the document; `given_back_minor`: the discount taken back for it.
    """

    amount_minor: int
    tax_minor: int
    open_minor: int
    settled_minor: int
    taken_minor: int
    credited_minor: int
    credited_tax_minor: int
    beyond_minor: int
    given_back_minor: int

    @property
    def too_much_back_minor(self) -> int:
        """Returns the discount taken back with credit notes beyond what of it stands granted now.

        What of a credit note the document is open for again is applied to it, and no more given back.
        """
        beyond = max(0, self.beyond_minor - self.open_minor)
        return self.given_back_minor - discount_given_back(beyond, self.settled_minor, self.taken_minor)


_SQL: Final = sa.text(
    """
    WITH concerned AS (
        SELECT id, entry_id, amount_minor, open_minor FROM open_item
        WHERE tenant_id = :tenant AND customer_id = :customer AND currency = :currency AND document_no = :document
            AND side = 1 AND reverses_id IS NULL
            AND NOT EXISTS (SELECT FROM open_item AS r WHERE r.tenant_id = :tenant AND r.reverses_id = open_item.id)
    ), applied AS (
        SELECT a.credit_item_id, c.kind, sum(a.amount_minor) AS minor
        FROM concerned AS i
        JOIN allocation AS a ON a.tenant_id = :tenant AND a.debit_item_id = i.id
        JOIN open_item AS c ON c.tenant_id = :tenant AND c.id = a.credit_item_id
        GROUP BY a.credit_item_id, c.kind
    ), naming AS (
        SELECT n.id, n.kind, n.entry_id, n.amount_minor FROM open_item AS n
        WHERE n.tenant_id = :tenant AND n.customer_id = :customer AND n.currency = :currency
            AND n.reference = :document AND n.kind IN ('credit_note', 'goods_return', 'debit_note')
            AND NOT EXISTS (SELECT FROM open_item AS r WHERE r.tenant_id = :tenant AND r.reverses_id = n.id)
    ), credits AS (
        SELECT coalesce(sum(n.amount_minor), 0)::bigint AS minor,
            coalesce(sum(n.amount_minor - coalesce(p.minor, 0)), 0)::bigint AS beyond
        FROM naming AS n LEFT JOIN applied AS p ON p.credit_item_id = n.id WHERE n.kind <> 'debit_note'
    )
    SELECT (SELECT sum(amount_minor) FROM concerned)::bigint AS amount_minor,
        (SELECT coalesce(sum(open_minor), 0) FROM concerned)::bigint AS open_minor,
        (SELECT coalesce(sum(p.credit_minor - p.debit_minor), 0) FROM posting AS p
            WHERE p.tenant_id = :tenant AND p.account_code = 'output_tax'
                AND p.entry_id IN (SELECT entry_id FROM concerned))::bigint AS tax_minor,
        (SELECT coalesce(sum(minor), 0) FROM applied WHERE kind IN ('receipt', 'bill', 'discount'))::bigint
            AS settled_minor,
        (SELECT coalesce(sum(minor), 0) FROM applied WHERE kind = 'discount')::bigint AS taken_minor,
        credits.minor AS credited_minor, credits.beyond AS beyond_minor,
        (SELECT coalesce(sum(p.debit_minor), 0) FROM posting AS p
            WHERE p.tenant_id = :tenant AND p.account_code = 'output_tax'
                AND p.entry_id IN (SELECT entry_id FROM naming WHERE kind <> 'debit_note'))::bigint
            AS credited_tax_minor,
        (SELECT coalesce(sum(n.amount_minor), 0) FROM naming AS n WHERE n.kind = 'debit_note' AND EXISTS (
            SELECT FROM posting AS p WHERE p.tenant_id = :tenant AND p.entry_id = n.entry_id
                AND p.account_code = :discounts))::bigint AS given_back_minor
    FROM credits
    """
).bindparams(sa.bindparam("tenant", type_=sa.Uuid), sa.bindparam("customer", type_=sa.Uuid))


def credited_document(db: Session, tenant_id: UUID, document: Document) -> CreditedDocument | None:
    """Returns the document that a credit note concerns; None for another kind, or when no document has that number."""
    if not document.is_credit or not document.reference:
        return None
    return credited(db, tenant_id, document.buyer.id, document.currency, document.reference)


def credited(
    db: Session, tenant_id: UUID, customer_id: UUID, currency: str, document_no: str
) -> CreditedDocument | None:
    """Returns a document with the credit notes on it; None when no document has that number."""
    names = {"customer": customer_id, "currency": currency, "document": document_no}
    row = db.execute(_SQL, {"tenant": tenant_id, "discounts": DISCOUNTS, **names}).one()
    return None if row.amount_minor is None else view(CreditedDocument, row)


def as_credit_of(document: Document, concerned: CreditedDocument | None) -> Document:
    """Returns the credit note with the tax that is left for it and the discount within it.

    A tax typed as an amount stays as it is.
    """
    if concerned is None:
        return document
    document = replace(document, discount_back_minor=_discount_back_minor(document, concerned))
    if not document.tax_computed:
        return document
    tax = tax_left(
        document.amount_minor,
        document.tax_minor,
        (concerned.credited_minor, concerned.credited_tax_minor),
        (concerned.amount_minor, concerned.tax_minor),
    )
    return replace(document, tax_minor=tax, parts=(replace(document.parts[0], tax_minor=tax),))


def tax_left_minor(concerned: CreditedDocument) -> int:
    """Returns the tax that credit notes have not given back yet, in minor units."""
    return max(0, concerned.tax_minor - concerned.credited_tax_minor)


def _discount_back_minor(document: Document, concerned: CreditedDocument) -> int:
    if document.kind == "credit_note" and document.reason not in _WORTH_LESS:
        return 0
    beyond = max(0, document.amount_minor - concerned.open_minor)
    total = discount_given_back(concerned.beyond_minor + beyond, concerned.settled_minor, concerned.taken_minor)
    return max(0, min(total - concerned.given_back_minor, beyond))


def take_back_discount(
    db: Session, actor: Actor, document: Document, concerned: CreditedDocument, credit_id: UUID, number: str
) -> None:
    """Posts the discount within a credit note as a debit note `number` and settles it with the credit.

    The caller has locked the customer.
    """
    amount, on = document.discount_back_minor, document.document_on
    tax = share_of(amount, concerned.amount_minor, concerned.tax_minor) if concerned.tax_minor else 0
    item = NewItem(
        document.buyer.id,
        "debit_note",
        number,
        on,
        on,
        on,
        document.currency,
        amount,
        reference=document.reference,
        tax_minor=tax,
        contra=DISCOUNTS,
    )
    (debit_id,) = post_items(db, actor, [item])
    allocate_locked(db, actor, [NewAllocation(debit_id, credit_id, amount)])
