/** A build for tests to kill: starts a throwaway Swarm, says so, and then does nothing but live. */
import Docker from "dockerode";
import { startThrowaway } from "../../harness/swarm/ephemeral/start.ts";

const [nodeImage = "", edgeImage = "", runId = "", keepMs = "0"] = process.argv.slice(2);
const swarm = await startThrowaway({ host: new Docker(), nodeImage, edgeImage, runId, waitForEdge: false, signal: new AbortController().signal });
if (Number(keepMs) > 0) await swarm.keepFor(Number(keepMs));
console.log(`up ${swarm.containerId}`);
setInterval(() => {}, 60_000);
