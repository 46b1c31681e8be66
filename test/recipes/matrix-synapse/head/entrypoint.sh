#!/bin/sh
# The server's own key is made at the first start; whoever loses it loses the server's name.
set -eu

if [ ! -s "/data/$DOMAIN.signing.key" ]; then
  python -m synapse.app.homeserver --config-path "$SYNAPSE_CONFIG_PATH" --generate-keys
fi
exec /start.py run
