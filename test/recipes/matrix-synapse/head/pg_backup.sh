#!/bin/sh
# Dumps the database into its volume before a backup, and loads the dump after a restore: all of it or nothing.
set -eu

dump=/var/lib/postgresql/data/backup.sql

case "${1:-}" in
  backup)
    pg_dump --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --no-owner >"$dump.part"
    mv "$dump.part" "$dump"
    ;;
  clean) rm -f "$dump" ;;
  restore)
    {
      echo "DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC;"
      cat "$dump"
    } | psql --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --no-psqlrc --quiet --output /dev/null --set ON_ERROR_STOP=1 --single-transaction
    ;;
  *)
    echo "usage: $0 backup|clean|restore" >&2
    exit 2
    ;;
esac
