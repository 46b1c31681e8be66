import { describe, expect, it } from "vitest";
import { asResidue, residueOf } from "../../../harness/swarm/residue.ts";
import { belongsTo } from "../../../harness/swarm/removal.ts";
import type { Resource, ResourceKind } from "../../../harness/swarm/types.ts";

const of = (kind: ResourceKind, name: string, id = name): Resource => ({ kind, id, name });

describe("residueOf", () => {
  const before = { resources: [of("volume", "old"), of("network", "proxy", "n1")] };

  it("is empty where nothing was added, and does not mind what went", () => {
    expect(residueOf(before, before)).toEqual([]);
    expect(residueOf(before, { resources: [] })).toEqual([]);
  });

  it("names whatever is new, without asking for labels, with the command that removes it", () => {
    const after = { resources: [...before.resources, of("secret", "app_db_v1", "s1"), of("container", "stray")] };
    expect(residueOf(before, after)).toEqual([
      { kind: "secret", id: "s1", name: "app_db_v1", remove: "docker secret rm app_db_v1" },
      { kind: "container", id: "stray", name: "stray", remove: "docker container rm --force --volumes stray" },
    ]);
  });

  it("takes the same name with another id for a new thing", () => {
    expect(residueOf(before, { resources: [of("network", "proxy", "n2")] })).toHaveLength(1);
  });

  it("leaves out what others own", () => {
    const after = { resources: [of("volume", "theirs"), of("volume", "ours")] };
    expect(residueOf(before, after, (r) => r.name === "theirs").map((r) => r.name)).toEqual(["ours"]);
  });

  it("quotes names for a shell", () => {
    expect(asResidue(of("file", "/tmp/it's here")).remove).toBe(`rm -rf '/tmp/it'\\''s here'`);
  });
});

describe("belongsTo", () => {
  it("goes by the label where there is one", () => {
    expect(belongsTo("app", "anything", { "com.docker.stack.namespace": "app" })).toBe(true);
    expect(belongsTo("app", "app_b_data", { "com.docker.stack.namespace": "app_b" })).toBe(false);
  });

  it("goes by the name where there is no label, as abra labels no secrets", () => {
    expect(belongsTo("app", "app_db_password_v1", {})).toBe(true);
    expect(belongsTo("app", "apple_db_v1", undefined)).toBe(false);
    expect(belongsTo("app", "app", null)).toBe(false);
  });
});
