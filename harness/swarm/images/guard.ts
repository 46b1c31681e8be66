/** Who may use the proxy, and where it goes for them. Containers of a hostile recipe can reach its port. */
import { timingSafeEqual } from "node:crypto";
import { lookup } from "node:dns";
import { BlockList, type LookupFunction, isIP } from "node:net";

const insiders = new BlockList();
for (const [net, bits] of [["10.0.0.0", 8], ["172.16.0.0", 12], ["192.168.0.0", 16], ["100.64.0.0", 10], ["127.0.0.0", 8]] as const) insiders.addSubnet(net, bits, "ipv4");
insiders.addSubnet("fc00::", 7, "ipv6");
insiders.addAddress("::1", "ipv6");

const offLimits = new BlockList();
for (const [net, bits] of [["127.0.0.0", 8], ["0.0.0.0", 8], ["169.254.0.0", 16]] as const) offLimits.addSubnet(net, bits, "ipv4");
offLimits.addSubnet("fe80::", 10, "ipv6");
offLimits.addAddress("::1", "ipv6");
offLimits.addAddress("::", "ipv6");

/** Whether a caller is in a private range. Pure. */
export function isInsider(address: string | undefined): boolean {
  return matches(insiders, address ?? "");
}

/** Loopback and link-local (cloud metadata): what the host would open to itself and a container must not reach through it. Pure. */
export function isOffLimits(address: string): boolean {
  return matches(offLimits, address);
}

function matches(list: BlockList, address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/^\[|\]$/g, "");
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? "ipv4" : "ipv6");
}

/** Name resolution for tunnels: names that lead only off limits do not resolve. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const allowed = (addresses ?? []).filter((entry) => !isOffLimits(entry.address));
    const refusal = error ?? (allowed.length === 0 ? Object.assign(new Error(`${hostname} is off limits`), { code: "EACCES" }) : null);
    if (refusal) callback(refusal, [], 0);
    else if (options.all) callback(null, allowed);
    else callback(null, allowed[0]!.address, allowed[0]!.family);
  });
};

/** Compares a Proxy-Authorization header with the build's own. */
export function isAuthorized(header: string | undefined, user: string, token: string): boolean {
  const expected = Buffer.from(`Basic ${Buffer.from(`${user}:${token}`).toString("base64")}`);
  const given = Buffer.from(header ?? "");
  return given.length === expected.length && timingSafeEqual(given, expected);
}
