#!/bin/sh
# Plays a database: what lives in live.txt is dumped for the backup, and loaded from the dump.
set -eu
case "$1" in
  backup) cat /state/live.txt >/state/dump.txt ;;
  clean) rm -f /state/dump.txt ;;
  restore) cp /state/dump.txt /state/live.txt && rm /state/dump.txt ;;
esac
