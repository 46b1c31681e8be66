#!/bin/bash
# healthcheck.sh --connect --innodb_initialized ...: exit 0 when every named test passes.
set -eo pipefail

cnf=/var/lib/mysql/.my-healthcheck.cnf

query() { mariadb --defaults-extra-file="$cnf" --skip-column-names --batch -e "$1" 2>&1; }

# Over TCP, which the server opens only after its first start is over. A refused password is an answer too.
connect() {
  local said
  said=$(mariadb --defaults-extra-file="$cnf" --host=127.0.0.1 --protocol=tcp --skip-column-names --batch -e 'SELECT 1' 2>&1) && return
  [[ $said == *"Access denied"* ]]
}

innodb_initialized() {
  [[ $(query "SELECT 1 FROM information_schema.ENGINES WHERE engine='innodb' AND support IN ('YES','DEFAULT','ENABLED')") == 1 ]]
}

if [[ $# -eq 0 ]]; then
  echo "healthcheck.sh: name a test: --connect, --innodb_initialized" >&2
  exit 1
fi
for test in "$@"; do
  case "$test" in
    --connect) connect || { echo "no connection" >&2; exit 1; } ;;
    --innodb_initialized) innodb_initialized || { echo "InnoDB is not ready" >&2; exit 1; } ;;
    *) echo "healthcheck.sh: unknown test $test" >&2; exit 1 ;;
  esac
done
