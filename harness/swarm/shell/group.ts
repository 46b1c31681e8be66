/**
 * How a command is started so that all of it can be ended: its group's number is written to a file, and a mark in its
 * environment also finds what left the group (a daemon of its own, a pty's session).
 */

/** The environment variable that marks every process of one command. */
export const markName = "RECIPE_CI_EXEC";

/** A wide terminal: tables are not wrapped. */
export const terminal = { rows: 50, columns: 200 } as const;

/** `sh -c` text: $1 is the pid file, the rest the command. The shell is replaced, so its pid is the command's. */
export const startScript = 'echo $$ >"$1"; shift; exec "$@"';

/** The same with a terminal whose size is set before the program looks at it. */
export const startOnTerminalScript = `stty rows ${terminal.rows} cols ${terminal.columns} 2>/dev/null; ${startScript}`;

/**
 * `sh -c` text: $1 is the pid file, $2 the mark. Kills the group and everything marked, until nothing is left; what is dead
 * and only waits for its parent to notice counts as gone. Prints the pids that are still there after some seconds and fails.
 */
export const killScript = `
file=$1 mark=$2
marked() { grep -lsF "${markName}=$mark" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3; }
members() {
  [ -n "$group" ] || return 0
  for stat in /proc/[0-9]*/stat; do
    line=
    { read -r line <"$stat"; } 2>/dev/null
    pid=\${line%% *}
    set -- \${line##*) }
    [ "\${3-}" = "$group" ] && [ "$1" != Z ] && echo "$pid"
  done
}
tries=0
while [ $tries -lt 50 ]; do
  group=
  { read -r group <"$file"; } 2>/dev/null
  pids="$(marked) $(members)"
  [ -n "$group" ] && kill -KILL "-$group" 2>/dev/null
  for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
  if [ -z "\${pids# }" ]; then rm -f "$file"; exit 0; fi
  tries=$((tries + 1))
  sleep 0.05
done
echo $pids; exit 1`;

/** What a terminal shows, as text: carriage returns go. */
export function withoutCarriageReturns(text: string): string {
  return text.replaceAll("\r", "");
}
