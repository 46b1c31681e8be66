/** The labels that Traefik 2 and 3 read from a Swarm service, after their reference of Docker labels. Case does not matter there. */

const tls = String.raw`tls(?:\.(?:certresolver|options|passthrough|domains(?:\[\d+\]\.(?:main|sans))?))?`;
const observability = String.raw`observability\.(?:accesslogs|metrics|tracing|traceverbosity)`;
const httpMiddleware = [
  "addprefix", "basicauth", "buffering", "chain", "circuitbreaker", "compress", "contenttype", "digestauth", "encodedcharacters", "errors", "forwardauth",
  "grpcweb", "headers", "inflightreq", "ipallowlist", "ipwhitelist", "passtlsclientcert", "plugin", "ratelimit", "redirectregex", "redirectscheme",
  "replacepath", "replacepathregex", "retry", "stripprefix", "stripprefixregex",
].join("|");

const known: readonly RegExp[] = [
  "enable",
  "tags",
  String.raw`(?:docker|swarm)\.(?:network|lbswarm)`,
  String.raw`http\.routers\.[^.]+\.(?:rule|rulesyntax|entrypoints|priority|service|middlewares|${tls}|${observability})`,
  String.raw`http\.services\.[^.]+\.loadbalancer\.(?:server\.(?:port|scheme|url|weight|preservepath)|passhostheader|strategy|serverstransport|(?:passive)?healthcheck(?:\..+)?|sticky(?:\..+)?|responseforwarding\..+)`,
  String.raw`http\.middlewares\.[^.]+\.(?:${httpMiddleware})(?:[.[].+)?`,
  String.raw`tcp\.routers\.[^.]+\.(?:rule|rulesyntax|entrypoints|priority|service|middlewares|${tls})`,
  String.raw`tcp\.services\.[^.]+\.loadbalancer\.(?:server\.(?:port|tls)|proxyprotocol(?:\.version)?|terminationdelay|serverstransport)`,
  String.raw`tcp\.middlewares\.[^.]+\.(?:inflightconn|ipallowlist|ipwhitelist)(?:\..+)?`,
  String.raw`udp\.routers\.[^.]+\.(?:entrypoints|service)`,
  String.raw`udp\.services\.[^.]+\.loadbalancer\.server\.port`,
  String.raw`tls\.stores\..+`,
].map((label) => new RegExp(`^traefik\\.${label}$`, "i"));

/** Words that a misspelt label may have ended in. */
export const traefikWords: readonly string[] = ["enable", "network", "lbswarm", "rule", "entrypoints", "priority", "service", "middlewares", "tls", "certresolver", "options", "port", "scheme", "passhostheader"];

export function traefikKnows(label: string): boolean {
  return known.some((pattern) => pattern.test(label));
}
