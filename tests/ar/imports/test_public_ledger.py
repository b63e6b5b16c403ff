"""A ledger of another system, through the two example mappings of the docs: counts, sums and day counts recompute."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from ar.customers.models import Customer
from ar.ledger.models import OpenItem
from kernel.settings import APP_ROOT
from kernel.sheets.mapping import parse_mapping
from tests.ar.imports.files import import_file
from tests.support.world import World

EXAMPLES = APP_ROOT / "docs" / "import-examples"


def test_the_public_ledger_imports_whole(world: World, data_folder: Path) -> None:
    source = data_folder / "ledgers" / "ibm_wa_accounts_receivable.csv"
    content = source.read_bytes()
    for kind in ("open-items", "receipts"):
        mapping = parse_mapping((EXAMPLES / f"settled-invoices.{kind}.json").read_bytes())
        report = import_file(world, kind, content, mapping=mapping)
        assert (report.rows, report.created, report.skipped, report.errors) == (2466, 2466, 0, [])
        assert report.currency_totals() == [("USD", 14770318)]
        again = import_file(world, kind, content, mapping=mapping)
        assert (again.created, again.unchanged) == (0, 2466)
    i = OpenItem
    with world.reading() as db:
        found = db.execute(
            sa.select(Customer.number, i.document_no, i.document_on, i.due_on, i.cleared_on)
            .join(Customer, sa.and_(Customer.tenant_id == i.tenant_id, Customer.id == i.customer_id))
            .where(i.tenant_id == world.tenant_id, Customer.tenant_id == world.tenant_id, i.kind == "invoice")
        ).all()
    stored = {row.document_no: row for row in found}
    assert len({row.number for row in found}) == 100
    with source.open(newline="") as rows:
        for line in csv.DictReader(rows):
            item = stored[line["invoiceNumber"]]
            settled_on = datetime.strptime(line["SettledDate"], "%m/%d/%Y").date()  # noqa: DTZ007 - a day, no moment
            assert item.number == line["customerID"]
            assert item.cleared_on == settled_on
            assert max(0, (item.cleared_on - item.due_on).days) == int(line["DaysLate"])
            assert (item.cleared_on - item.document_on).days == int(line["DaysToSettle"])
    late = [row for row in found if row.cleared_on > row.due_on]
    assert (len(late), max((row.cleared_on - row.due_on).days for row in late)) == (877, 45)
