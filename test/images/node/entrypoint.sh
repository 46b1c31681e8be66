#!/bin/bash
# Starts the node's Docker engine; the container's arguments are added to dockerd's.
set -euo pipefail

# Without full privileges Docker mounts /sys read-only and hides parts of /proc; an engine needs both.
unhide() {
  mount -o remount,rw /sys 2>/dev/null || true
  awk '$5 ~ "^/proc/" { print $5 }' /proc/self/mountinfo | sort -r | while read -r mask; do
    umount "$mask" 2>/dev/null || true
  done
}

# A node that was stopped and started again finds the pid files of its former life.
forget_former_life() {
  rm -f /var/run/docker.pid /run/docker/containerd/containerd.pid
}

unhide
forget_former_life
# A plain tcp socket without --tls=false delays the start by 15 s.
exec dockerd --tls=false -H unix:///var/run/docker.sock -H tcp://0.0.0.0:2375 "$@"
