import { createHash } from "node:crypto";
import type { App } from "recipe-ci/testing";
import { MatrixUser } from "./matrix.ts";

const name = "keeper";
const text = "This message has to come back.";

/** The hooks run in processes of their own: what all of them know comes from the app. */
async function password(app: App): Promise<string> {
  return createHash("sha256").update(await app.secret("registration")).digest("hex");
}

/** A room with a message, found again by its alias. */
export async function seed(app: App): Promise<void> {
  const keeper = await MatrixUser.create(app, name, await password(app));
  const room = await keeper.createRoom({ name: "Kept", room_alias_name: "kept" });
  await keeper.say(room, text);
}

/** The alias is taken away, and the room left. */
export async function mutate(app: App): Promise<void> {
  const keeper = await MatrixUser.signIn(app, name, await password(app));
  const room = await keeper.roomOf("kept");
  await keeper.ask("DELETE", `/directory/room/${encodeURIComponent(`#kept:${app.domain}`)}`);
  await keeper.ask("POST", `/rooms/${encodeURIComponent(room)}/leave`, {});
}

/** As the recipe's README asks: Synapse counts on from what it found at its start, and after a restore would give out numbers that are taken. */
export async function restored(app: App): Promise<void> {
  const container = async () => (await app.exec("app", ["hostname"])).stdout.trim();
  const before = await container();
  await app.exec("app", ["sh", "-c", "kill -TERM 1"]);
  await app.eventually(async () => {
    if ((await container()) === before) throw new Error("the old container still runs");
    const answer = await app.fetch("/_matrix/client/versions");
    if (!answer.ok) throw new Error(`the new one answers ${answer.status}`);
  }, { what: "Synapse, started anew", timeoutMs: 120_000 });
}

/** The account signs in with its password, finds the room by its alias, is in it, and reads the message. */
export async function verify(app: App): Promise<void> {
  const keeper = await MatrixUser.signIn(app, name, await password(app));
  const said = await keeper.messages(await keeper.roomOf("kept"));
  if (!said.some((one) => one.text === text)) throw new Error(`the message is not there: ${JSON.stringify(said)}`);
}
