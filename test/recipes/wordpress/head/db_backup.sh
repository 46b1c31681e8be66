#!/bin/sh
# Dumps the database into its volume before a backup, and loads the dump again after a restore.
set -eu

dump=/var/lib/mysql/backup.sql
MYSQL_PWD=$(cat /run/secrets/db_root_password)
export MYSQL_PWD

case "${1:-}" in
  backup)
    mariadb-dump --user=root --single-transaction --databases wordpress >"$dump.part"
    mv "$dump.part" "$dump"
    ;;
  clean) rm -f "$dump" ;;
  restore) mariadb --user=root <"$dump" ;;
  *)
    echo "usage: $0 backup|clean|restore" >&2
    exit 2
    ;;
esac
