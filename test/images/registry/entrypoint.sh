#!/bin/sh
# A configuration file alone means: serve it; a subcommand or flag goes to the registry; anything else is run as it stands.
set -e
case "$1" in
  *.yml | *.yaml) set -- registry serve "$@" ;;
  serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
