import { humanDuration } from "../../../base/clock.ts";
import { fixed } from "../../limits.ts";
import type { TaskRecord } from "../../types.ts";
import { portTaken, withoutAddress } from "../causes.ts";
import { undisturbedFor } from "../excuses.ts";
import { hasEnded, isLive, isWanted } from "../failures.ts";
import { type Finding, type Rule, taskLine } from "../finding.ts";
import type { ServiceView, View } from "../view.ts";
import { limitLine } from "../wording.ts";

/** Tasks that Swarm wants to run and can't place. */

const said = (task: TaskRecord): string => task.error ?? task.message ?? "";
const waiting = ({ slots }: ServiceView, state: string): TaskRecord[] =>
  slots.flatMap(({ tasks }) => tasks.filter((task) => isLive(task) && task.state === state));

/** How long a task has been in its state, times left out that the build declared. */
const stuckFor = (task: TaskRecord, { history, now }: View): number => undisturbedFor(task.stateAt, task.service, history, now);

/** A host port that this very stack holds: no patience helps. */
export const portConflict: Rule = (service, view) => {
  const { record } = service;
  for (const task of waiting(service, "pending").filter((one) => portTaken(said(one)))) {
    const holder = [...view.services.values()].find((other) =>
      other.record.hostPorts.some((port) => record.hostPorts.includes(port)) &&
      other.slots.some(({ tasks }) => tasks.some((one) => holdsWhatIsWanted(one, task))));
    if (!holder || stuckFor(task, view) < fixed.portReleaseMs) continue;
    const ports = record.hostPorts.filter((port) => holder.record.hostPorts.includes(port)).join(", ");
    return {
      ...about(record.name, task, "failed", "port-conflict", `limit: the port still held after ${humanDuration(fixed.portReleaseMs)} (fixed)`),
      summary: `${record.name}: host port ${ports} is held by ${holder.record.name === record.name ? "its own other task" : holder.record.name} of the same stack`,
      hint: holder.record.name === record.name
        ? `give ${record.name} update_config order stop-first, or fewer replicas than nodes`
        : `give ${record.name} and ${holder.record.name} different published ports`,
    };
  }
  return null;
};

const unplaced = new Set(["new", "allocated", "pending"]);

/** A global service's task has its node before it is placed: it holds nothing yet, and what others hold elsewhere does not matter to it. */
const holdsWhatIsWanted = (one: TaskRecord, task: TaskRecord): boolean =>
  isLive(one) && !unplaced.has(one.state) && (task.node === null || one.node === task.node);

/** No suitable node for a full minute. */
export const noNode: Rule = (service, view) => {
  const task = waiting(service, "pending").find((one) => stuckFor(one, view) >= view.limits.noNodeMs && !waitsForItsPlace(one, service, view));
  if (!task) return null;
  const name = service.record.name;
  const { kind, class: cls, hint } = causeOf(said(task), name);
  return {
    ...about(name, task, kind, cls, limitLine(`no node for ${humanDuration(view.limits.noNodeMs)}`, ["noNodeMs"], view.limits)),
    summary: `${name} can't be placed: ${said(task) || "the scheduler gives no reason"}`,
    hint,
  };
};

/** The task before it in its slot still stops and holds the port or the memory meanwhile: a stop_grace_period may take minutes. */
function waitsForItsPlace(task: TaskRecord, { slots }: ServiceView, { history }: View): boolean {
  if (!portTaken(said(task)) && !/insufficient resources/.test(said(task))) return false;
  const isDown = (node: string | null) => history.nodes.some(({ id, ready }) => id === node && !ready);
  return slots.some(({ key, tasks }) => key === task.slot &&
    tasks.some((one) => one.node !== null && !hasEnded(one) && !isWanted(one) && !isDown(one.node)));
}

function causeOf(why: string, name: string): Pick<Finding, "kind" | "class" | "hint"> {
  if (why.split(";").every((cause) => /constraints not satisfied|max replicas per node/.test(cause))) {
    return { kind: "failed", class: "unschedulable", hint: `no node meets the placement of ${name}: correct deploy.placement, or label a node as the recipe's README asks` };
  }
  if (portTaken(why)) return { kind: "infra", class: "host-port-taken", hint: "another stack holds the host port; free it, then run again" };
  if (/not available for new tasks/.test(why)) return { kind: "infra", class: "node-down", hint: "a node is down or drained; bring it back, then run again" };
  if (/insufficient resources/.test(why)) return { kind: "infra", class: "no-node", hint: `no node has what ${name} reserves; free it, or reserve less, then run again` };
  return { kind: "infra", class: why ? "no-node" : "stuck-new", hint: "see what the scheduler says, then run again" };
}

const outOfAddresses = "a network is out of addresses (often the shared proxy network, which should be a /16): remove what is left over, or make it larger";

/** Stuck `new`: the allocator, usually a network whose addresses are used up. Where the node itself has none, tasks are refused instead. */
export const stuckNew: Rule = (service, view) => {
  const task = [...waiting(service, "new"), ...waiting(service, "allocated")].find((one) => stuckFor(one, view) >= view.limits.stuckNewMs);
  if (!task) return null;
  const name = service.record.name;
  return {
    ...about(name, task, "infra", "stuck-new", limitLine(`no address for ${humanDuration(view.limits.stuckNewMs)}`, ["stuckNewMs"], view.limits)),
    summary: `${name}: Swarm has not given its task an address for ${Math.round((view.now - task.stateAt) / 1000)} s`,
    hint: outOfAddresses,
  };
};

/** Refused again because the node has no address on a network. */
export const nodeWithoutAddress: Rule = ({ record, slots }, { limits }) => {
  for (const { streak } of slots) {
    const refused = streak.filter(withoutAddress);
    const last = refused[limits.rejections - 1];
    if (!last) continue;
    return {
      ...about(record.name, last.task, "infra", "stuck-new", limitLine(`the same refusal ${limits.rejections} times`, ["rejections"], limits)),
      summary: `${record.name}: the node has no address on its network: ${last.task.error}`,
      hint: outOfAddresses,
    };
  }
  return null;
};

/** A task is wanted on a node that is gone. */
export const nodeDown: Rule = (service, view) => {
  const down = view.history.nodes.filter(({ ready, since }) =>
    !ready && undisturbedFor(since, service.record.name, view.history, view.now) >= view.limits.noNodeMs);
  for (const { id, name } of down) {
    const task = service.slots.flatMap(({ tasks }) => tasks).find((one) => isLive(one) && one.node === id);
    if (!task) continue;
    return {
      ...about(service.record.name, task, "infra", "node-down", limitLine(`its node down for ${humanDuration(view.limits.noNodeMs)}`, ["noNodeMs"], view.limits)),
      summary: `node ${name}, where ${service.record.name} runs, is down`,
      hint: `bring node ${name} back, then run again`,
    };
  }
  return null;
};

function about(service: string, task: TaskRecord, kind: Finding["kind"], cls: string, limit: string): Pick<Finding, "kind" | "class" | "service" | "slot" | "at" | "evidence"> {
  return { kind, class: cls, service, slot: task.slot, at: task.stateAt, evidence: [taskLine(task), limit] };
}
