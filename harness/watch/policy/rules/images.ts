import { imageName, noSuchImage } from "../causes.ts";
import { failureLines, type Rule } from "../finding.ts";

/** Two tries: the first may have met a registry that was restarting. */
const triesWithoutRegistry = 2;

/** `No such image` is the recipe's fault only by a registry's own word. */
export const image: Rule = ({ record, slots }, { history }) => {
  for (const { key, failures } of slots) {
    const missing = failures.filter((failure) => noSuchImage(failure) && failure.excusedBy === null);
    const last = missing.at(-1);
    if (!last) continue;
    const known = history.missingImages.some((ref) => imageName(ref) === imageName(record.image));
    const common = { service: record.name, slot: key, at: last.at, evidence: [`image ${record.image}`, ...failureLines(missing)] };
    if (known) {
      return {
        ...common,
        kind: "failed",
        class: "image-missing",
        summary: `${record.name}: the registry says that image ${record.image} does not exist`,
        hint: `correct the image of ${record.name} in compose.yml, or publish that tag`,
      };
    }
    if (missing.length >= triesWithoutRegistry) {
      return {
        ...common,
        evidence: [...common.evidence, `limit: ${triesWithoutRegistry} tries (fixed)`],
        kind: "infra",
        class: "image-pull",
        summary: `${record.name}: image ${record.image} could not be pulled, and no registry said that it does not exist`,
        hint: "check that the node reaches the registry (rate limit, login, network), then run again",
      };
    }
  }
  return null;
};
