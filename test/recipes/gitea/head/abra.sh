#!/bin/bash

# abra app cmd DOMAIN app create_admin NAME PASSWORD EMAIL
create_admin() {
  su git -c 'exec gitea admin user create --admin --must-change-password=false --username "$0" --password "$1" --email "$2"' "$@"
}
