/**
 * `node replayed.ts SERVICES REPLICAS`: an engine over HTTP on loopback that lists a large stack, in a process of its own so
 * that its cost is not the watch's. Prints its port. Answers have the shape and size of a real engine's. POST /fail lets each
 * slot's task fail and be replaced, and answers with the sum of failures once that was listed; POST /wake sends one event.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ReplayedStack } from "./replayed-stack.ts";

const [services = 50, replicas = 2] = process.argv.slice(2).map(Number);
const stack = new ReplayedStack("bench", services, replicas);
const streams = new Set<ServerResponse>();
let [tasks, listed] = [stack.tasks(), stack.services()];
const unlisted: (() => void)[] = [];
const log = Array.from({ length: 200 }, (_, index) => `${index} ${"a line of a log ".repeat(6)}\n`).join("");

const server = createServer((request, response) => {
  const path = (request.url ?? "").split("?")[0] ?? "";
  if (request.method === "POST") {
    const events = path === "/fail" ? stack.fail(Date.now()) : stack.event("start");
    [tasks, listed] = [stack.tasks(), stack.services()];
    for (const stream of streams) stream.write(events);
    const done = () => response.end(String(stack.failures));
    return path === "/fail" ? void unlisted.push(done) : void done();
  }
  if (path === "/tasks") {
    response.end(tasks);
    for (const done of unlisted.splice(0)) done();
    return;
  }
  if (path === "/services") return void response.end(listed);
  if (path === "/nodes") return void response.end(JSON.stringify([{ ID: stack.node, Description: { Hostname: "node1" }, Spec: { Availability: "active" }, Status: { State: "ready" } }]));
  if (path === "/info") return void response.end(JSON.stringify({ SystemTime: new Date().toISOString() }));
  if (path.endsWith("/logs")) return void response.end(log);
  if (path !== "/events") return void response.writeHead(404).end("{}");
  response.writeHead(200).flushHeaders();
  streams.add(response);
  response.on("close", () => streams.delete(response));
});
server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
