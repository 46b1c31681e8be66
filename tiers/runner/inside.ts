/** What the container of a pull request's tests looks like from within: the build makes it so (harness/build/tier/confined/), confined.ts lives in it. */

/** This package's code, what it stands on, and Node. */
export const codeFolder = "/recipe-ci";

/** The recipe's own tests. */
export const testsFolder = "/recipe/.recipe-ci";

/** Sockets: the only ways out. */
const ways = "/ways";
export const callsSocket = `${ways}/calls`;
export const controlSocket = `${ways}/control`;
export const httpsSocket = `${ways}/https`;
export const httpSocket = `${ways}/http`;
export const waysFolder = ways;

/** Where the app's edge answers, on this container's own loopback address. */
export const insideEdge = { address: "127.0.0.1", httpsPort: 8443, httpPort: 8080 } as const;

/** In memory: the only place that can be written to. */
export const scratchFolder = "/tmp";
