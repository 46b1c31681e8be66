import { expect, test } from "vitest";
import { whyNotBeside } from "../../../harness/build/app/beside.ts";
import { composeApp } from "../../../harness/recipe/compose.ts";

const filesOf = (text: string, stack = "s") => composeApp([{ name: "compose.yml", text }], {}, stack);
const app = (more: string) => `services: {app: {image: "x:1", ${more}}}\n`;

test.each<[string, string, string, string | null]>([
  ["the same port of the node, however it is published", app('ports: ["64738:64738"]'), app("ports: [{target: 1, published: 64738, mode: host}]"), "app publishes port 64738, which the app that is up already holds"],
  ["the same number for another protocol", app('ports: ["53:53/tcp"]'), app('ports: ["53:53/udp"]'), null],
  ["ports that the engine chooses", app('ports: ["80"]'), app('ports: ["80"]'), null],
  ["a volume whose name is the same for every app", `${app('volumes: ["db:/db"]')}volumes: {db: {name: forum_db}}`, `${app('volumes: ["db:/db"]')}volumes: {db: {name: forum_db}}`, "the volume forum_db would be both apps'"],
  ["an external volume", `${app('volumes: ["db:/db"]')}volumes: {db: {external: true}}`, `${app('volumes: ["db:/db"]')}volumes: {db: {external: true}}`, "the volume db would be both apps'"],
  ["volumes of their own", `${app('volumes: ["db:/db"]')}volumes: {db: {}}`, `${app('volumes: ["db:/db"]')}volumes: {db: {}}`, null],
])("two apps at once: %s", (_, up, next, why) => {
  expect(whyNotBeside(filesOf(up, "one"), filesOf(next, "two"))).toBe(why);
});
