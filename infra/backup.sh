#!/bin/sh
# Dumps the database into FOLDER/huikuan.dump; the old dump stays in place until the new one is whole.
# BACKUP_URL names the role that sees all companies and changes nothing (docs/operations.md).
#
#     BACKUP_URL=postgresql://huikuan_backup@db/huikuan infra/backup.sh FOLDER
set -eu
folder=${1:?name the folder that the dump goes to}
: "${BACKUP_URL:?set it to the URL of the role that backs up}"
umask 077
part="$folder/huikuan.dump.part"
trap 'rm -f "$part"' EXIT
# pg_dump leaves a file of the schema alone when it may not read the rows: only its exit code says so.
pg_dump --format=custom --file="$part" "$BACKUP_URL"
pg_restore --list "$part" > /dev/null
mv "$part" "$folder/huikuan.dump"
echo "$folder/huikuan.dump is whole: $(wc -c < "$folder/huikuan.dump") bytes"
