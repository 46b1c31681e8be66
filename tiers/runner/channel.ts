/**
 * How the process that runs vitest speaks with the build: over Node's own channel to its parent, or, where it is in a container,
 * in JSON lines over a Unix socket.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { lineOf, lineReader } from "../rpc/framing.ts";
import type { FromChild, ToChild } from "./messages.ts";

export interface Channel {
  /** What is said once the build is gone is dropped. */
  tell(message: FromChild): void;
  /** From now on, what the build says; nothing was said before this process is ready. */
  listen(onMessage: (message: ToChild) => void): void;
}

/** Names the socket, where there is one. */
export const socketVariable = "RECIPE_CI_RUNNER_SOCKET";

/**
 * @param onEnd called when the build is gone
 * @throws Error where the socket can't be reached
 */
export async function channelToBuild(onEnd: () => void): Promise<Channel> {
  const path = process.env[socketVariable];
  return path === undefined ? toParent(onEnd) : overSocket(path, onEnd);
}

function toParent(onEnd: () => void): Channel {
  process.on("disconnect", onEnd);
  return {
    // The channel may close while a test still ends; there is nobody left to tell then.
    tell: (message) => {
      if (process.connected) process.send?.(message, () => {});
    },
    listen: (onMessage) => process.on("message", onMessage),
  };
}

async function overSocket(path: string, onEnd: () => void): Promise<Channel> {
  const socket = connect(path);
  await once(socket, "connect");
  socket.on("error", () => socket.destroy());
  socket.on("close", onEnd);
  return {
    tell: (message) => {
      if (!socket.destroyed) socket.write(lineOf(message));
    },
    listen: (onMessage) => socket.on("data", lineReader((line) => onMessage(JSON.parse(line) as ToChild))),
  };
}
