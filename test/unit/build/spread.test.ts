import { describe, expect, it } from "vitest";
import { mayMove, pinned, whyNotSpread } from "../../../harness/build/extra/spread.ts";
import { composeApp } from "../../../harness/recipe/compose.ts";
import type { ComposeService } from "../../../harness/recipe/types.ts";

const servicesOf = (text: string): readonly ComposeService[] => composeApp([{ name: "compose.yml", text }], {}, "s").services;
const appOf = (services: readonly ComposeService[]) => ({ services, volumes: [] });
const one = (more: string) => servicesOf(`services: {app: {image: "x:1", ${more}}}`)[0] as ComposeService;

describe("a service may move to another node", () => {
  it.each([
    ["where it keeps nothing", "", true],
    ["not where it has a volume", 'volumes: ["data:/data"]', false],
    ["not where it sees a path of its node", 'volumes: ["/var/run/docker.sock:/s"]', false],
    ["not where somebody says which node runs it", 'deploy: {placement: {constraints: ["node.labels.fast == true"]}}', false],
    ["not where each node has one of its own", "deploy: {mode: global}", false],
    ["not where there is none", "deploy: {replicas: 0}", false],
    ["with files that go with its task", 'volumes: [{type: tmpfs, target: /t}, /anonymous]', true],
  ])("%s", (_, more, may) => expect(mayMove(one(more))).toBe(may));
});

describe("what is kept on one node", () => {
  const mixed = servicesOf(`services:
  app: {image: "x:1"}
  db: {image: "x:1", volumes: ["data:/data"]}
  agent: {image: "x:1", volumes: ["/srv:/srv"], deploy: {mode: global}}
  own: {image: "x:1", volumes: ["own:/own"], deploy: {placement: {constraints: ["node.labels.fast == true"]}}}
`);

  it("is what has data there, but for what its recipe has placed itself", () => {
    const services = pinned(mixed)?.compose.services ?? {};
    expect(Object.keys(services)).toEqual(["db", "agent"]);
    expect(services.db).toEqual({ deploy: { placement: { constraints: ["node.role == manager"] } } });
  });
  it("is nothing where nothing has", () => expect(pinned([one("")])).toBeNull());
  it("leaves something to move, or the app is not spread", () => {
    expect(whyNotSpread(appOf(mixed))).toBeNull();
    expect(whyNotSpread(appOf(mixed.slice(1)))).toMatch(/^every service keeps its data on a node/);
  });
  it("can't hold a port a second time", () => {
    expect(whyNotSpread(appOf([one(""), one('ports: ["2222:22"]')]))).toBe("app publishes port 2222, which the app that is up already holds");
    expect(whyNotSpread(appOf([one('ports: ["80"]')]))).toBeNull();
  });
});
