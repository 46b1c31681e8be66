#!/bin/sh
# Makes what the database keeps of each room's state smaller; Synapse may run meanwhile.
set -eu

compress() {
  synapse_auto_compressor -c 500 -n 100 -p "host=$DB_HOST user=synapse dbname=synapse password=$(cat /run/secrets/db_password)"
}

case "${1:-}" in
  once) compress ;;
  daily)
    # Without a trap the first program of a container ignores what is meant to stop it.
    trap 'exit 0' TERM INT
    while :; do
      sleep 86400 &
      wait $!
      compress || echo "compress.sh: failed, tried again tomorrow" >&2
    done
    ;;
  *)
    echo "usage: $0 once|daily" >&2
    exit 2
    ;;
esac
