#!/bin/sh
# Makes the repository where there is none yet, then only waits to be told: this bot has no schedule.
set -eu
restic cat config >/dev/null 2>&1 || restic init
exec sleep infinity
