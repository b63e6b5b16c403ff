"""Counts and names the instalments of a document in SQL.

Invariant: nothing is counted for a document due at once, so a list of such costs nothing more.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from ar.ledger.models import OpenItem


def instalments_of(tenant_id: Any, item: Any = OpenItem) -> sa.ColumnElement[int]:
    """Returns how many instalments the document of `item` has; 0 for a document due at once."""
    other = aliased(OpenItem)
    counted = (
        sa.select(sa.func.count())
        .where(other.tenant_id == tenant_id, other.entry_id == item.entry_id, other.instalment_no > 0)
        .correlate(item)
        .scalar_subquery()
    )
    return sa.case((item.instalment_no > 0, counted), else_=0)


def document_label_of(tenant_id: Any) -> sa.ColumnElement[str]:
    """Returns what `rules.instalments.document_label` writes, of OpenItem and in SQL."""
    item, text = OpenItem, sa.Text
    of = sa.cast(instalments_of(tenant_id), text)
    instalment = sa.func.concat(item.document_no, " (", sa.cast(item.instalment_no, text), "/", of, ")")
    return sa.case((item.instalment_no > 0, instalment), else_=item.document_no)
