import { describe, expect, it } from "vitest";
import { catalogue } from "../../../harness/machine/catalogue.ts";
import { currentInputs, hashInputs, inputFiles, inputFolder } from "../../../harness/machine/inputs.ts";

const file = (name: string, content: string, executable = false) => ({ name, content: Buffer.from(content), executable });

describe("what an image is built from", () => {
  it("is another hash when a name, a content, a mode, an argument or the base changes", () => {
    const hashes = [
      hashInputs([file("a", "1")], {}, "base"),
      hashInputs([file("b", "1")], {}, "base"),
      hashInputs([file("a", "2")], {}, "base"),
      hashInputs([file("a", "1", true)], {}, "base"),
      hashInputs([file("a", "1")], { TAG: "x" }, "base"),
      hashInputs([file("a", "1")], {}, "other"),
      hashInputs([file("a", "1"), file("b", "")], {}, "base"),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashInputs([file("a", "1")], {}, "base")).toBe(hashes[0]);
  });

  it("is there for every image of the catalogue, and differs by tag", async () => {
    const [built, pulled] = [await currentInputs(true), await currentInputs(false)];
    expect(new Set(Object.values(built)).size).toBe(catalogue.length);
    expect(built["nginx:1.27"]).not.toBe(pulled["nginx:1.27"]);
  });

  it("has executable entry scripts: the builder copies modes as they are", async () => {
    for (const image of catalogue) {
      const files = await inputFiles(inputFolder(image));
      const scripts = files.filter((one) => one.content.subarray(0, 2).toString() === "#!" && one.name !== "policy-rc.d");
      expect(scripts.filter((one) => !one.executable).map((one) => `${image.folder}/${one.name}`)).toEqual([]);
    }
  });
});
