#!/bin/bash
# Prepares an empty data folder (user, database, /docker-entrypoint-initdb.d) and then becomes the server.
set -eo pipefail
shopt -s nullglob

die() { echo "[entrypoint] ERROR: $*" >&2; exit 1; }

# setting NAME DEFAULT: the value of POSTGRES_NAME or of the file that POSTGRES_NAME_FILE names.
setting() {
  local name="POSTGRES_$1" file="POSTGRES_$1_FILE"
  if [[ -n ${!name-} && -n ${!file-} ]]; then die "$name and $file are both set; keep one"; fi
  if [[ -n ${!file-} ]]; then cat "${!file}" || die "$file names ${!file}, which can't be read"; return; fi
  printf %s "${!name-$2}"
}

as_postgres() { setpriv --reuid postgres --regid postgres --init-groups "$@"; }

sql() { as_postgres psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$user" --host /run/postgresql "$@"; }

prepare() {
  local password database file
  password=$(setting PASSWORD "") user=$(setting USER postgres)
  database=$(setting DB "$user")
  [[ -n $password ]] || die "the database is not initialised and no password is given; set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE"
  # The server's own user has to be able to read it.
  install --owner postgres --mode 600 /dev/stdin /run/postgresql/password <<<"$password"
  # Several arguments in one word, as in the official image.
  # shellcheck disable=SC2086
  as_postgres initdb --username="$user" --pwfile=/run/postgresql/password --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 ${POSTGRES_INITDB_ARGS-} >/dev/null
  rm /run/postgresql/password
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  # Nobody but this script until all is there.
  as_postgres pg_ctl --silent --wait --options "-c listen_addresses=" start
  if [[ $database != postgres ]]; then
    sql --dbname postgres --set name="$database" <<<'CREATE DATABASE :"name";'
  fi
  for file in /docker-entrypoint-initdb.d/*; do
    case "$file" in
      *.sh) if [[ -x $file ]]; then "$file"; else . "$file"; fi ;;
      *.sql) sql --dbname "$database" --file "$file" ;;
      *) echo "[entrypoint] ignoring $file" >&2 ;;
    esac
  done
  as_postgres pg_ctl --silent --wait --mode fast stop
}

# Flags alone mean: the server with these flags. Another program is run as it stands.
if [[ ${1:0:1} == - ]]; then set -- postgres "$@"; fi
if [[ $1 == postgres ]]; then
  shift
  chown postgres:postgres "$PGDATA" /run/postgresql
  chmod 700 "$PGDATA"
  if [[ ! -s $PGDATA/PG_VERSION ]]; then prepare "$@"; fi
  set -- setpriv --reuid postgres --regid postgres --init-groups postgres -c "listen_addresses=*" "$@"
fi
exec "$@"
