#!/bin/sh
# PID 1 of a throwaway node: starts its engine, and ends the node when its build falls silent. Arguments are added to dockerd's.
# SIGUSR1: everything in the node ends and the engine starts again, as when a machine loses its power.
# However PID 1 ends, the kernel kills everything else in the node at once, and the host's engine removes container and volumes.
set -u

GRACE_S=50 # silence that is allowed; with its removal the node is gone within 60 s of the build's last word
STATE=/run/recipe-ci

# Without full privileges Docker mounts /sys read-only and hides parts of /proc; an engine needs both.
unhide() {
  mount -o remount,rw /sys 2>/dev/null
  while read -r _ _ _ _ where _; do
    case $where in /proc/*) umount "$where" 2>/dev/null ;; esac
  done </proc/self/mountinfo
}

# Sets $group to this node's own cgroup where the host's whole hierarchy is seen, else to nothing. The engine's containers
# belong below it: anywhere else, a node that ends at once would leave their groups on the host for ever.
find_own_cgroup() {
  group=
  while IFS=: read -r _ controllers path; do
    case $controllers in '') tree=/sys/fs/cgroup ;; memory) tree=/sys/fs/cgroup/memory ;; *) continue ;; esac
    if [ "$path" != / ] && [ -d "$tree$path" ]; then group=$path; fi
  done </proc/self/cgroup
}

# cgroup v2: a group that holds processes can't delegate controllers, so ours move to a group below it.
# Never in the root of the host's hierarchy: this would move the host's processes.
nest_cgroups() {
  own=/sys/fs/cgroup$group
  [ -f /sys/fs/cgroup/cgroup.controllers ] || return 0
  [ -n "$group" ] || [ "$(cat /proc/self/cgroup)" = "0::/" ] || return 0
  mkdir -p "$own/init"
  while read -r pid; do echo "$pid" >"$own/init/cgroup.procs"; done <"$own/cgroup.procs" 2>/dev/null
  for controller in $(cat "$own/cgroup.controllers"); do
    echo "+$controller" >"$own/cgroup.subtree_control" 2>/dev/null
  done
}

prepare() {
  unhide
  find_own_cgroup
  nest_cgroups
  mount --make-rshared / 2>/dev/null
  # AppArmor's tools look here; a container does not get it by itself.
  if [ -d /sys/kernel/security ] && ! mountpoint -q /sys/kernel/security; then
    mount -t securityfs none /sys/kernel/security 2>/dev/null
  fi
  # Images that bring both kinds of iptables: the old one where the kernel lacks nftables.
  if ! iptables -nL >/dev/null 2>&1 && [ -d /usr/local/sbin/.iptables-legacy ]; then
    PATH=/usr/local/sbin/.iptables-legacy:$PATH
  fi
  mkdir -p $STATE
}

# The engine's port asks nobody who they are, and is for whoever started this node: they come through its gateway. A container in here, or
# in another build's node, that reached it would own this node. By the interface too, since a sender's address can be made up.
fence() {
  read -r gateway from <<EOT
$(ip -4 route show default | awk '{ print $3, $5; exit }')
EOT
  iptables -w -A INPUT -p tcp --dport 2375 -i lo -j ACCEPT &&
    iptables -w -A INPUT -p tcp --dport 2375 -i "$from" -s "$gateway" -j ACCEPT &&
    iptables -w -A INPUT -p tcp --dport 2375 -j DROP && return
  echo "recipe-ci: the engine's port can't be closed to containers (iptables): ending this node"
  exit 1
}

# The number of the engine's process tells the build one start from the next.
start_engine() {
  rm -rf /run/docker /var/run/docker /var/run/docker.pid
  # A plain tcp socket without --tls=false delays the start by 15 s.
  dockerd ${group:+--cgroup-parent "$group"} --tls=false -H unix:///var/run/docker.sock -H tcp://0.0.0.0:2375 "$@" &
  engine=$!
  echo $engine >$STATE/engine
}

# All processes but this one end at once, and nothing stays mounted that a boot would not mount.
lose_power() {
  lost=
  kill -KILL -1
  wait
  mounted=
  while read -r _ _ _ _ where _; do
    case $where in /var/lib/docker/* | /run/docker/* | /var/run/docker/*) mounted="$where $mounted" ;; esac
  done </proc/self/mountinfo
  for where in $mounted; do umount -l "$where" 2>/dev/null; done
}

# Seconds since boot, whole.
uptime_s() {
  read -r up _ </proc/uptime
  now=${up%%.*}
}

# The first word of a state file, if its content is another than last time: `heard WORD` else `heard ""`.
hear() {
  heard=
  said=
  [ -f "$STATE/$1" ] && read -r said <"$STATE/$1"
  [ "$said" = "$2" ] || heard=$said
}

# Counts down in steps of at most 5 s, so that a machine that slept does not wake up to find its nodes gone. Returns where the
# power is to be lost.
watch_over() {
  while kill -0 $engine 2>/dev/null; do
    sleep 1 &
    wait $!
    if [ -n "$lost" ]; then return; fi
    uptime_s
    step=$((now - before))
    before=$now
    [ $step -gt 5 ] && step=5
    left=$((left - step)) kept=$((kept - step))
    hear beat "$last_beat"
    if [ -n "$heard" ]; then last_beat=$heard left=$GRACE_S; fi
    hear keep "$last_keep"
    if [ -n "$heard" ]; then last_keep=$heard kept=${heard%% *}; fi
    if [ $left -le 0 ] && [ $kept -le 0 ]; then
      echo "recipe-ci: nothing heard from the build for $GRACE_S s: ending this node"
      exit 0
    fi
  done
  echo "recipe-ci: dockerd ended: ending this node"
  exit 1
}

prepare
fence
lost=
trap 'exit 0' TERM INT
trap 'lost=1' USR1
left=$GRACE_S kept=0 last_beat='' last_keep=''
uptime_s
before=$now
while :; do
  start_engine "$@"
  watch_over
  lose_power
done
