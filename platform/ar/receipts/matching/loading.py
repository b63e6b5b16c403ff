"""What matching reads from the books: bank lines as lines to decide, and everything they could be for.

May import the ledger's and customers' tables, this slice and the kernel. Invariant: a fixed number of statements for
any number of lines (numbers in texts are asked for by the thousand lines).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session

from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from ar.receipts.models import BankLine, MatchRefusal, PayerAccount
from ar.receipts.rules.candidates import Books, Item, Party, Payer
from ar.receipts.rules.matching import Line, spoken_for
from ar.receipts.rules.mentions import number_key, plain_account, written_in
from kernel.arrays import array_text
from kernel.views import select_view, value, views

#: Fillers of banks where a customer's own reference would stand.
NO_REFERENCE: Final = frozenset({"NOTPROVIDED", "NONREF", "NOREF", "NULL"})
ASKED_AT_ONCE: Final = 1_000

_SETTLED = sa.text(
    """
    SELECT i.document_no, i.customer_id
    FROM unnest(CAST(:numbers AS text[])) AS n (number)
    JOIN open_item AS i ON i.tenant_id = :tenant AND i.document_no = n.number AND i.side > 0 AND i.open_minor = 0
    WHERE i.tenant_id = :tenant
    """
)


def among(column: Any, ids: Iterable[UUID]) -> sa.ColumnElement[bool]:
    """`column` is one of `ids`, sent as one text however many they are.

    A set to join with, not `= ANY(array)`: as a filter that would read the text anew for every row.
    """
    sent = sa.cast(sa.literal(array_text(ids), sa.Text), sa.ARRAY(sa.Uuid))
    wanted = sa.func.unnest(sent).table_valued(sa.column("id", sa.Uuid), name="wanted").render_derived()
    return cast(sa.ColumnElement[bool], column.in_(sa.select(wanted.c.id)))


def line_columns() -> tuple[Any, ...]:
    """The columns of a bank line that a decision needs."""
    b = BankLine
    return (
        b.id,
        b.booked_on,
        b.currency,
        b.amount_minor,
        b.remittance,
        b.end_to_end_id,
        b.payer_name,
        b.payer_account,
    )


def to_decide(tenant_id: UUID) -> tuple[sa.ColumnElement[bool], ...]:
    """Lines that wait: money in, undecided, and not a booking that the bank took back itself."""
    b = BankLine
    return b.tenant_id == tenant_id, b.state == "open", b.side == 1, b.is_reversal.is_(False)


def text_of(remittance: str, end_to_end_id: str) -> str:
    """Everything the payer passed on."""
    own = "" if end_to_end_id.strip().upper() in NO_REFERENCE else end_to_end_id
    return f"{remittance} \n{own}".strip()


def as_lines(db: Session, tenant_id: UUID, rows: Sequence[Any]) -> list[Line]:
    """Rows of `line_columns` as lines to decide, with what persons took off them."""
    m = MatchRefusal
    ids = [row.id for row in rows]
    refused: dict[UUID, set[UUID]] = {}
    if ids:
        found = db.execute(sa.select(m.line_id, m.item_id).where(m.tenant_id == tenant_id, among(m.line_id, ids)))
        for line_id, item_id in found:
            if line_id is not None:
                refused.setdefault(line_id, set()).add(item_id)
    return [
        Line(
            id=row.id,
            booked_on=row.booked_on,
            currency=row.currency,
            amount_minor=row.amount_minor,
            text=text_of(row.remittance, row.end_to_end_id),
            payer_name=row.payer_name,
            payer_account=plain_account(row.payer_account),
            refused=frozenset(refused.get(row.id, ())),
        )
        for row in rows
    ]


def load_books(db: Session, tenant_id: UUID, lines: Iterable[Line]) -> Books:
    """All open debit items, customers and payers of the tenant, and the paid documents that the lines name."""
    items = db.execute(_items(tenant_id))
    payers = db.execute(_payers(tenant_id))
    return Books(
        views(Item, items),
        _parties(db, tenant_id),
        views(Payer, payers),
        _settled(db, tenant_id, lines),
    )


def load_books_near(db: Session, tenant_id: UUID, line: Line, also: Iterable[UUID] = ()) -> Books:
    """What one line could be for: items that it names, of its amount, of the customers it speaks for, and `also`.

    Read by index, so that a page about one line does not cost the whole of the books.
    """
    i = OpenItem
    parties = _parties(db, tenant_id)
    payers = views(Payer, db.execute(_payers(tenant_id).where(PayerAccount.account_key == line.payer_account)))
    customers = spoken_for(line, Books((), parties, payers))
    numbers = sa.cast(sorted(written_in(line.text)), sa.ARRAY(sa.Text))
    near = sa.or_(
        among(i.customer_id, customers),
        i.document_no == sa.any_(numbers),
        i.open_minor == line.amount_minor,
        among(i.id, also),
    )
    items = db.execute(_items(tenant_id).where(near))
    return Books(views(Item, items), parties, payers, _settled(db, tenant_id, [line]))


def _items(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    item = OpenItem
    return select_view(
        Item,
        id=value(item.id),
        customer_id=value(item.customer_id),
        kind=value(item.kind),
        document_no=value(item.document_no),
        document_on=value(item.document_on),
        due_on=value(item.due_on),
        currency=value(item.currency),
        open_minor=value(item.open_minor),
        reference=value(item.reference),
    ).where(item.tenant_id == tenant_id, item.open_minor > 0, item.side > 0)


def _payers(tenant_id: UUID) -> sa.Select[*tuple[Any, ...]]:
    payer = PayerAccount
    return select_view(
        Payer,
        customer_id=value(payer.customer_id),
        account=value(payer.account_key),
        confirmed=value(payer.confirmed_at.is_not(None)),
    ).where(payer.tenant_id == tenant_id)


def _parties(db: Session, tenant_id: UUID) -> list[Party]:
    customer = Customer
    rows = db.execute(
        select_view(Party, customer_id=value(customer.id), name=value(customer.name)).where(
            customer.tenant_id == tenant_id
        )
    )
    return views(Party, rows)


def _settled(db: Session, tenant_id: UUID, lines: Iterable[Line]) -> dict[str, set[UUID]]:
    settled: dict[str, set[UUID]] = {}
    rest = iter(lines)
    while some := list(islice(rest, ASKED_AT_ONCE)):
        numbers = sorted({number for line in some for number in written_in(line.text)})
        if not numbers:
            continue
        for number, customer_id in db.execute(_SETTLED, {"tenant": tenant_id, "numbers": array_text(numbers)}):
            settled.setdefault(number_key(number), set()).add(customer_id)
    return settled
