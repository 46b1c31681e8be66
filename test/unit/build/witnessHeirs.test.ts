import { describe, expect, it } from "vitest";
import { becameOf, lostBy, rowsElsewhere } from "../../../harness/build/witness/heirs.ts";
import { databaseWitnesses, keptSpots, type Witness } from "../../../harness/build/witness/plan.ts";
import type { ComposeApp, ComposeService } from "../../../harness/recipe/types.ts";

function appOf(services: Record<string, { image: string; mounts?: Record<string, string> }>): ComposeApp {
  const all = Object.entries(services).map(([name, { image, mounts = {} }]) => ({ name, image, mounts, volumes: Object.values(mounts) }) as unknown as ComposeService);
  const keys = [...new Set(all.flatMap(({ volumes }) => volumes))];
  return { services: all, secrets: [], configs: [], networks: [], version: null, volumes: keys.map((key) => ({ key, name: `s_${key}`, external: false })) };
}

const markerIn = (app: ComposeApp, key: string): Witness => {
  const spot = keptSpots(app).find(({ what }) => what === `volume ${key}`);
  if (!spot) throw new Error(`no volume ${key}`);
  return { kind: "marker", what: `a file in volume ${key}`, spot };
};

describe("a volume of base that nothing mounts any more", () => {
  const base = appOf({ app: { image: "shop:1", mounts: { "/data": "data" } }, cache: { image: "redis:7", mounts: { "/cache": "cache" } } });

  it.each<[string, ComposeApp, string | null]>([
    ["was given up where head has no new one", appOf({ app: { image: "shop:2", mounts: { "/data": "data" } } }), null],
    ["was given up where head's new one is something else's", appOf({ app: { image: "shop:2", mounts: { "/data": "data" } }, mail: { image: "mail:1", mounts: { "/mail": "mail" } } }), null],
    ["may have an heir: the same path in a service of another name", appOf({ app: { image: "shop:2" }, store: { image: "valkey:8", mounts: { "/cache": "store" } } }), "volume store (store: /cache)"],
    ["may have an heir: another path in the same service", appOf({ app: { image: "shop:2" }, cache: { image: "valkey:8", mounts: { "/srv": "store" } } }), "volume store (cache: /srv)"],
    ["may have an heir: a service of another name and the same image", appOf({ app: { image: "shop:2" }, store: { image: "docker.io/library/redis:8", mounts: { "/srv": "store" } } }), "volume store (store: /srv)"],
  ])("%s", (_, head, heir) => expect(becameOf(markerIn(base, "cache"), base, head)).toBe(heir));

  it("was not given up where head mounts it all the same: its container is not up, or on another node", () => {
    const moved = appOf({ app: { image: "shop:2" }, worker: { image: "shop:2", mounts: { "/elsewhere": "cache" } } });
    expect(becameOf(markerIn(base, "cache"), base, base)).toBe("volume cache itself");
    expect(becameOf(markerIn(base, "cache"), base, moved)).toBe("volume cache itself");
  });

  it("is lost by a service that stays without it, not by one that is gone", () => {
    const [marker, gone] = [markerIn(base, "data"), markerIn(base, "cache")];
    const head = appOf({ app: { image: "shop:2" } });
    expect(lostBy(marker, head)).toEqual(["app"]);
    expect(lostBy(gone, head)).toEqual([]);
  });

  it("a volume that head has too is no heir", () => {
    const head = appOf({ app: { image: "shop:2", mounts: { "/data": "data", "/cache": "data" } } });
    expect(becameOf(markerIn(base, "cache"), base, head)).toBeNull();
  });
});

describe("a database server of base that head does not have", () => {
  const base = appOf({ app: { image: "shop:1" }, db: { image: "postgres:15", mounts: { "/var/lib/postgresql/data": "db" } } });
  const [row] = databaseWitnesses(base);
  if (!row) throw new Error("no row");

  it("was given up where head has no new one", () => {
    expect(becameOf(row, base, appOf({ app: { image: "shop:2" } }))).toBeNull();
  });

  it("may have an heir in one that only head has, whatever its engine", () => {
    expect(becameOf(row, base, appOf({ app: { image: "shop:2" }, store: { image: "mariadb:11" } }))).toBe("the database server store");
  });

  it("is looked for in the one new server of its engine", () => {
    const renamed = appOf({ postgres: { image: "postgres:16", mounts: { "/var/lib/postgresql/data": "db" } } });
    expect(rowsElsewhere([row], base, renamed)).toEqual(new Map([["db", "postgres"]]));
    expect(rowsElsewhere([row], base, appOf({ store: { image: "mariadb:11" } }))).toEqual(new Map());
    expect(rowsElsewhere([row], base, appOf({ a: { image: "postgres:16" }, b: { image: "postgres:16" } }))).toEqual(new Map());
    expect(rowsElsewhere([row], base, base)).toEqual(new Map());
  });
});
