/** The first process of the container in which a pull request's tests run: lets them visit the app, and runs them. It has no network but this. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { httpSocket, httpsSocket, insideEdge } from "./inside.ts";

/** What arrives at the port goes through the socket, behind which the build leads it to the app's edge and nowhere else. */
async function lead(port: number, socketPath: string): Promise<void> {
  const server = createServer({ allowHalfOpen: true }, (visitor) => {
    const way = connect({ path: socketPath, allowHalfOpen: true });
    join(visitor, way);
    join(way, visitor);
  });
  server.listen(port, insideEdge.address);
  await once(server, "listening");
}

function join(from: Socket, to: Socket): void {
  from.pipe(to);
  from.on("error", () => to.destroy());
  from.on("close", () => to.destroy());
}

await Promise.all([lead(insideEdge.httpsPort, httpsSocket), lead(insideEdge.httpPort, httpSocket)]);
await import("./child.ts");
