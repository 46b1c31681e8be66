import { describe, expect, it } from "vitest";
import { isEdge404, isUnreached, judgeProbe, type ProbeAnswer } from "../../../harness/swarm/probe-judge.ts";

type Answer = Extract<ProbeAnswer, { kind: "answer" }>;
const page = (change: Partial<Answer> = {}): Answer => ({
  kind: "answer", status: 200, headers: {}, body: "<h1>Hello</h1>", certificate: "own", certificateError: null, edge404: false, ...change,
});

describe("judgeProbe", () => {
  it.each([200, 204, 301, 302, 399])("accepts %i by default", (status) => {
    expect(judgeProbe(page({ status }))).toEqual({ ready: true });
  });

  it.each([199, 400, 401, 403, 404, 500, 502, 503])("refuses %i by default and says so", (status) => {
    expect(judgeProbe(page({ status }))).toEqual({ ready: false, saw: `HTTP ${status}: Hello` });
  });

  it("accepts exactly the codes that were asked for", () => {
    expect(judgeProbe(page({ status: 401 }), [401, 403])).toEqual({ ready: true });
    expect(judgeProbe(page({ status: 200 }), [401, 403])).toMatchObject({ ready: false });
  });

  it("incident 14: Traefik's own 404 never passes, not even where 404 is allowed", () => {
    const verdict = judgeProbe(page({ status: 404, body: "404 page not found\n", edge404: true }), [404]);
    expect(verdict).toEqual({ ready: false, saw: "Traefik's own 404: it knows no router for this domain" });
  });

  it("incident 14: Traefik's default certificate never passes", () => {
    const verdict = judgeProbe(page({ certificate: "default", certificateError: "Traefik's default certificate" }));
    expect(verdict).toEqual({ ready: false, saw: "HTTP 200 with a wrong certificate: Traefik's default certificate" });
  });

  it("a certificate that is not trusted never passes", () => {
    expect(judgeProbe(page({ certificate: "untrusted", certificateError: "CERT_HAS_EXPIRED" }))).toMatchObject({ ready: false });
  });

  it("hands on why no connection came about", () => {
    expect(judgeProbe({ kind: "error", error: "connection refused" })).toEqual({ ready: false, saw: "connection refused" });
  });
});

describe("isEdge404", () => {
  it("knows Traefik's answer from an app's 404", () => {
    expect(isEdge404(404, "text/plain; charset=utf-8", "404 page not found\n")).toBe(true);
    expect(isEdge404(404, "text/html", "404 page not found\n")).toBe(false);
    expect(isEdge404(404, "text/plain", "no such note")).toBe(false);
    expect(isEdge404(200, "text/plain", "404 page not found")).toBe(false);
  });
});

describe("the edge says itself that nothing takes its connection", () => {
  it.each([
    [true, { status: 502, body: "Bad Gateway" }],
    [true, { status: 504, body: "Gateway Timeout" }],
    [false, { status: 502, body: "<h1>Bad Gateway</h1> our backend is down" }],
    [false, { status: 500, body: "Bad Gateway" }],
    [false, { status: 502, body: "Bad Gateway", certificate: "default" as const }],
  ])("%s of %j", (said, answer) => expect(isUnreached(page(answer))).toBe(said));

  it("no answer at all says nothing", () => expect(isUnreached({ kind: "error", error: "timed out" })).toBe(false));
});
