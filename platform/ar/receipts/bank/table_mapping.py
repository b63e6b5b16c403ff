"""How bank tables of a source are read: remembered per company by their headers, and sampled for the mapping page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.receipts.bank.formats import zipped
from ar.receipts.bank.formats.events import Refused
from ar.receipts.bank.formats.tables import parsing as tables
from ar.receipts.bank.formats.tables.layout import is_header
from ar.receipts.bank.formats.tables.targets import sample_of
from kernel import table_mappings
from kernel.sheets import TableRefused, open_table
from kernel.sheets.samples import Sample, head_fingerprints

#: The kind under which mappings of bank tables are remembered.
KIND: Final = "bank"


def remembered_mapping(db: Session, tenant_id: UUID, content: bytes) -> dict[str, Any] | None:
    """Returns the mapping that a person gave to an earlier table with these headers, None for another kind of file."""
    try:
        if zipped.recognise(content) not in (tables.FORMAT, zipped.FORMAT):
            return None
        member = zipped.table_within(content)
        if member is None:
            return None
        heads = head_fingerprints(open_table(member.data, member.name, is_header))
    except (Refused, TableRefused):
        return None  # said where the file is read
    found = table_mappings.find(db, tenant_id, KIND, heads.keys())
    known = next((found[each] for each in heads if each in found), None)
    return None if known is None else {**known.mapping, "header_row": heads[known.fingerprint]}


def table_sample(content: bytes, filename: str, mapping: Mapping[str, Any] | None) -> Sample | None:
    """Returns the sample of the file's table, None when it has none. Raises Refused, TableRefused."""
    member = zipped.table_within(content)
    return sample_of(member.data, member.name or filename, mapping) if member else None
