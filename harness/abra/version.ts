/** The release that the harness was written against, and what its archives hash to. */
export const pinned = {
  version: "0.13.0-beta",
  sha256: {
    amd64: "866d5cda85929e99787f0f385d0ab8e83759a051843afcaf6669de70b9999a89",
    arm64: "f39971f50ec3a460009aaaa8e630ed4801627b26571ffb8fb06439390c05da8b",
    armv7: "5f0ff68ca2481cfcbc95cdbb00b1ba9df27c14077568b0fb121bcc9c2524a523",
  },
} as const;

export type Arch = keyof typeof pinned.sha256;

/** Node's name for a processor to abra's; null where there is no release for it. */
export function archOf(node: string): Arch | null {
  return node === "x64" ? "amd64" : node === "arm64" ? "arm64" : node === "arm" ? "armv7" : null;
}

export function releaseUrl(arch: Arch): string {
  const { version } = pinned;
  return `https://git.coopcloud.tech/coop-cloud/abra/releases/download/${version}/abra_${version}_linux_${arch}.tar.gz`;
}

/** `abra version 0.13.0-beta-06a57de` is 0.13.0-beta-06a57de; null where it says something else. */
export function versionIn(output: string): string | null {
  return /^abra version (\d+\.\d+\.\d[^\s]*)[^\S\n]*$/m.exec(output)?.[1] ?? null;
}

/** Whether the harness knows how this version behaves. */
export function isKnown(version: string): boolean {
  return /^0\.13\.\d+(?![\d.])/.test(version);
}
