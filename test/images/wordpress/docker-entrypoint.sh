#!/bin/bash
# Fills an empty /var/www/html with WordPress and a wp-config.php that reads the environment, then runs the command.
set -euo pipefail

populate() {
  echo "WordPress not found in $PWD, copying it" >&2
  cp -a /usr/src/wordpress/. .
}

# Each site gets keys of its own; they stay where the site's files are.
configure() {
  echo "writing wp-config.php" >&2
  awk '
    /put your unique phrase here/ {
      command = "od -An -N32 -tx1 /dev/urandom | tr -d \" \\n\""
      command | getline key
      close(command)
      gsub("put your unique phrase here", key)
    }
    { print }
  ' wp-config-docker.php >.wp-config.new
  chown www-data:www-data .wp-config.new
  mv .wp-config.new wp-config.php
}

if [[ ${1-} == apache2* ]]; then
  cd /var/www/html
  if [[ ! -e index.php && ! -e wp-includes/version.php ]]; then populate; fi
  if [[ ! -e wp-config.php ]] && compgen -e | grep -q '^WORDPRESS_'; then configure; fi
fi
exec "$@"
