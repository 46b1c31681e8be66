import type { Frame, Page } from "playwright-core";

/** Marks what shows a secret, for the time of a picture. */
const mark = "data-recipe-ci-secret";

/**
 * A picture of the whole page with every place covered that shows a secret: text, also where it is spread over several elements, and
 * what stands in fields.
 * @param secrets those under 6 characters are left alone, as in logs
 */
export async function maskedPicture(page: Page, secrets: readonly string[]): Promise<Buffer> {
  const hidden = secrets.filter((secret) => secret.length >= 6);
  const frames = page.frames();
  await Promise.all(frames.map((frame) => markIn(frame, hidden)));
  try {
    return await page.screenshot({ fullPage: true, animations: "disabled", timeout: 15_000, mask: frames.map((frame) => frame.locator(`[${mark}]`)) });
  } finally {
    await Promise.all(frames.map(unmarkIn));
  }
}

async function markIn(frame: Frame, secrets: readonly string[]): Promise<void> {
  if (secrets.length === 0) return;
  await frame.evaluate(markInPage, { secrets, attribute: mark });
}

async function unmarkIn(frame: Frame): Promise<void> {
  // A frame that is gone by now shows nothing.
  await frame.evaluate(unmarkInPage, mark).catch(() => {});
}

/** The little of the page's own types that is used there: this project has no library of them. */
interface Element {
  readonly textContent: string | null;
  readonly value?: unknown;
  readonly shadowRoot: Root | null;
  readonly children: ArrayLike<Element>;
  readonly childNodes: ArrayLike<{ readonly nodeType: number; readonly nodeValue: string | null }>;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}
interface Root {
  querySelectorAll(selector: string): ArrayLike<Element>;
}
declare const document: Root;

/** Runs in the page: nothing from outside of it may be used. */
function markInPage(o: { secrets: readonly string[]; attribute: string }): void {
  const shows = (text: unknown) => typeof text === "string" && o.secrets.some((secret) => text.includes(secret));
  const look = (root: Root): void => {
    for (const element of Array.from(root.querySelectorAll("*"))) {
      if (element.shadowRoot) look(element.shadowRoot);
      const ownText = Array.from(element.childNodes).some((node) => node.nodeType === 3 && shows(node.nodeValue));
      // The innermost element that shows all of it, where it is spread over several.
      const inside = Array.from(element.children).some((child) => shows(child.textContent));
      if (shows(element.value) || ownText || (shows(element.textContent) && !inside)) element.setAttribute(o.attribute, "");
    }
  };
  look(document);
}

function unmarkInPage(attribute: string): void {
  const look = (root: Root): void => {
    for (const element of Array.from(root.querySelectorAll("*"))) {
      if (element.shadowRoot) look(element.shadowRoot);
      element.removeAttribute(attribute);
    }
  };
  look(document);
}
