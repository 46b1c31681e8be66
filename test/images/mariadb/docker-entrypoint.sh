#!/bin/bash
# Prepares an empty data folder (users, database, /docker-entrypoint-initdb.d) and then becomes the server.
set -eo pipefail
shopt -s nullglob

datadir=/var/lib/mysql
socket=/run/mysqld/mysqld.sock

note() { echo "$(date -u +%FT%TZ) [entrypoint] $*" >&2; }
die() { note "ERROR: $*"; exit 1; }

# setting NAME: the value of MARIADB_NAME, MARIADB_NAME_FILE, MYSQL_NAME or MYSQL_NAME_FILE, the first that is set.
setting() {
  local prefix name file
  for prefix in MARIADB MYSQL; do
    name="${prefix}_$1" file="${prefix}_$1_FILE"
    if [[ -n ${!name-} && -n ${!file-} ]]; then die "$name and $file are both set; keep one"; fi
    if [[ -n ${!name-} ]]; then printf %s "${!name}"; return; fi
    if [[ -n ${!file-} ]]; then
      [[ -r ${!file} ]] || die "$file names ${!file}, which can't be read"
      cat "${!file}"
      return
    fi
  done
}

# SQL string and identifier literals.
quote() { local v=${1//\\/\\\\}; printf "'%s'" "${v//\'/\\\'}"; }
name() { printf '`%s`' "${1//\`/\`\`}"; }

as_mysql() { setpriv --reuid mysql --regid mysql --init-groups "$@"; }

sql() { mariadb --protocol=socket --socket="$socket" -uroot ${root_password:+"-p$root_password"} --comments "$@"; }

start_without_network() {
  as_mysql mariadbd --skip-networking --socket="$socket" "$@" &
  server=$!
  local tries
  for ((tries = 0; tries < 600; tries++)); do
    if sql -e 'SELECT 1' >/dev/null 2>&1; then return; fi
    kill -0 "$server" 2>/dev/null || die "the server ended while it was being prepared"
    sleep 0.1
  done
  die "the server did not answer for a minute while it was being prepared"
}

stop_server() {
  mariadb-admin --protocol=socket --socket="$socket" -uroot ${root_password:+"-p$root_password"} shutdown
  wait "$server"
}

create_accounts() {
  local password=$1 root_host=$2 database=$3 user=$4 user_password=$5 health
  health=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  {
    echo "SET @@SESSION.SQL_LOG_BIN=0;"
    # The server's own first accounts have no password.
    echo "DROP USER IF EXISTS 'mysql'@'localhost';"
    echo "DELETE FROM mysql.global_priv WHERE User IN ('root', '') AND NOT (User = 'root' AND Host = 'localhost');"
    echo "DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';"
    echo "FLUSH PRIVILEGES;"
    for host in 127.0.0.1 ::1 localhost; do
      echo "CREATE USER IF NOT EXISTS healthcheck@'$host' IDENTIFIED BY '$health';"
      echo "GRANT USAGE ON *.* TO healthcheck@'$host';"
    done
    if [[ -n $database ]]; then echo "CREATE DATABASE IF NOT EXISTS $(name "$database");"; fi
    if [[ -n $user ]]; then
      echo "CREATE USER $(quote "$user")@'%' IDENTIFIED BY $(quote "$user_password");"
      if [[ -n $database ]]; then echo "GRANT ALL ON $(name "${database//_/\\_}").* TO $(quote "$user")@'%';"; fi
    fi
    if [[ $root_host != localhost ]]; then
      echo "CREATE USER IF NOT EXISTS root@$(quote "$root_host") IDENTIFIED BY $(quote "$password");"
      echo "GRANT ALL ON *.* TO root@$(quote "$root_host") WITH GRANT OPTION;"
    fi
    echo "ALTER USER root@localhost IDENTIFIED VIA mysql_native_password USING PASSWORD($(quote "$password"));"
  } | sql
  root_password=$password
  local file=$datadir/.my-healthcheck.cnf
  printf '[mariadb-client]\nuser=healthcheck\npassword=%s\nport=3306\nsocket=%s\n' "$health" "$socket" >"$file"
  chown mysql:mysql "$file"
  chmod 0600 "$file"
}

run_init_files() {
  local file database=$1
  for file in /docker-entrypoint-initdb.d/*; do
    note "running $file"
    case "$file" in
      *.sh) if [[ -x $file ]]; then "$file"; else . "$file"; fi ;;
      *.sql) sql ${database:+"$database"} <"$file" ;;
      *.sql.gz) gzip -dc "$file" | sql ${database:+"$database"} ;;
      *) note "ignoring $file" ;;
    esac
  done
}

prepare() {
  local password root_host database user user_password
  password=$(setting ROOT_PASSWORD) root_host=$(setting ROOT_HOST) database=$(setting DATABASE)
  user=$(setting USER) user_password=$(setting PASSWORD)
  if [[ -z $password && -n $(setting RANDOM_ROOT_PASSWORD) ]]; then
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    note "GENERATED ROOT PASSWORD: $password"
  fi
  if [[ -z $password && -z $(setting ALLOW_EMPTY_PASSWORD)$(setting ALLOW_EMPTY_ROOT_PASSWORD) ]]; then
    die "the database is not initialised and no root password is given; set MARIADB_ROOT_PASSWORD or MARIADB_ROOT_PASSWORD_FILE"
  fi
  note "initialising $datadir"
  as_mysql mariadb-install-db --datadir="$datadir" --auth-root-authentication-method=normal --skip-test-db --skip-log-bin >/dev/null
  root_password=
  start_without_network "$@"
  mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2>/dev/null | sql mysql || note "time zones were not loaded"
  create_accounts "$password" "${root_host:-%}" "$database" "$user" "$user_password"
  run_init_files "$database"
  stop_server
  note "ready to start"
}

# Flags alone mean: the server with these flags. Another program is run as it stands.
if [[ ${1:0:1} == - ]]; then set -- mariadbd "$@"; fi
if [[ $1 == mysqld ]]; then set -- mariadbd "${@:2}"; fi
if [[ $1 == mariadbd ]]; then
  shift
  mkdir -p /run/mysqld
  chown mysql:mysql /run/mysqld "$datadir"
  find "$datadir" ! -user mysql -exec chown mysql:mysql {} +
  # A first start that was interrupted leaves a half made folder behind: the marker tells it from a finished one.
  if [[ -e $datadir/.preparing ]]; then
    note "the last first start was interrupted: starting over"
    find "$datadir" -mindepth 1 -maxdepth 1 ! -name .preparing -exec rm -rf {} +
  fi
  if [[ -e $datadir/.preparing || ! -d $datadir/mysql ]]; then
    as_mysql touch "$datadir/.preparing"
    prepare "$@"
    rm "$datadir/.preparing"
  fi
  set -- setpriv --reuid mysql --regid mysql --init-groups mariadbd "$@"
fi
exec "$@"
