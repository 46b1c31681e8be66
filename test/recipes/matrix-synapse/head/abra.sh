#!/bin/bash

export HOMESERVER_VERSION=v2
export ENTRYPOINT_VERSION=v1
export PG_BACKUP_VERSION=v1
export COMPRESS_VERSION=v1

# abra app cmd DOMAIN app create_user NAME PASSWORD
create_user() {
  register_new_matrix_user --config "$SYNAPSE_CONFIG_PATH" --no-admin --user "$1" --password "$2" http://127.0.0.1:8008
}

# abra app cmd DOMAIN compressor compress_state
compress_state() {
  /compress.sh once
}
