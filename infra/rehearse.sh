#!/bin/sh
# Restores a dump into a scratch database, examines every company there, and drops it: a backup is one that was restored.
# OWNER_URL is the owner's login (CREATEDB) on the maintenance database of the server to rehearse on.
#
#     OWNER_URL=postgresql://huikuan@db/postgres infra/rehearse.sh FOLDER/huikuan.dump
set -eu
dump=${1:?name the dump}
: "${OWNER_URL:?set it to the owner's URL on the maintenance database}"
here=$(cd "$(dirname "$0")/.." && pwd)
name="huikuan_rehearsal_$$"
scratch="${OWNER_URL%/*}/$name"
psql --quiet -v ON_ERROR_STOP=1 -c "CREATE DATABASE $name" "$OWNER_URL"
trap 'psql --quiet -c "DROP DATABASE $name WITH (FORCE)" "$OWNER_URL"' EXIT
pg_restore --no-owner --no-comments --exit-on-error --single-transaction --dbname="$scratch" "$dump"
DATABASE_URL=$scratch "$here/.venv/bin/huikuan" doctor
slugs='import json, sys; print(*(company["slug"] for company in json.load(sys.stdin)["tenants"]))'
for company in $(DATABASE_URL=$scratch "$here/.venv/bin/huikuan" tenant list --json | "$here/.venv/bin/python" -c "$slugs"); do
    DATABASE_URL=$scratch "$here/.venv/bin/huikuan" journal verify --tenant "$company"
done
echo "the dump was restored, every examination holds, and the scratch database is gone"
