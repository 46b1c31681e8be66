#!/usr/bin/env python
"""start.py [run]: Synapse with its settings, as a user that is not root and owns /data."""
import os
import subprocess
import sys

mode = sys.argv[1] if len(sys.argv) > 1 else "run"
if mode != "run":
    sys.exit(f"start.py: {mode} is not known to this image; only run is")

folder = os.environ.get("SYNAPSE_CONFIG_DIR", "/data")
path = os.environ.get("SYNAPSE_CONFIG_PATH", f"{folder}/homeserver.yaml")
if not os.path.exists(path):
    sys.exit(f"start.py: there are no settings at {path}")

command = [sys.executable, "-m", os.environ.get("SYNAPSE_WORKER", "synapse.app.homeserver"), "--config-path", path]
if os.getuid() == 0:
    owner = f"{os.environ.get('UID', '991')}:{os.environ.get('GID', '991')}"
    subprocess.run(["chown", "-R", owner, folder], check=True)
    command = ["gosu", owner, *command]
os.execvp(command[0], command)
