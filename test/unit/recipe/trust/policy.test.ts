import { describe, expect, it } from "vitest";
import { refusalLine, refusalReason } from "../../../../harness/recipe/trust/refusal.ts";
import { judged, rules, service, top } from "./judged.ts";

/** What a hostile recipe would write, the rule that refuses it, and what is nearly the same and may be. */
type Row = readonly [refused: string, rule: string, fine: string];

describe("incident 37: of a service", () => {
  it.each<Row>([
    ["privileged: true", "privileged", "privileged: false"],
    ["privileged: yes", "privileged", "read_only: yes"],
    ["cap_add: [SYS_ADMIN]", "cap-add", "cap_drop: [ALL]"],
    ["cap_add: [NET_ADMIN]", "cap-add", "cap_add: []"],
    ["devices: ['/dev/kmsg:/dev/kmsg']", "devices", "devices: []"],
    ["device_cgroup_rules: ['c 1:3 mr']", "device-cgroup-rules", "tmpfs: [/run]"],
    ["network_mode: host", "network-mode", "network_mode: bridge"],
    ["network_mode: 'container:other'", "network-mode", "network_mode: none"],
    ["pid: host", "pid", "init: true"],
    ["ipc: host", "ipc", "ipc: private"],
    ["uts: host", "uts", "hostname: host"],
    ["userns_mode: host", "userns-mode", "user: '1000'"],
    ["cgroup: host", "cgroup", "cgroup: private"],
    ["cgroupns_mode: host", "cgroupns-mode", "cgroupns_mode: private"],
    ["cgroup_parent: /", "cgroup-parent", "ulimits: {nofile: 1024}"],
    ["security_opt: ['seccomp:unconfined']", "security-opt", "security_opt: ['no-new-privileges:true']"],
    ["credential_spec: {file: my.json}", "credential-spec", "labels: {a: b}"],
    ["external_links: [other_db]", "external-links", "links: [db]"],
    ["volumes_from: [other]", "volumes-from", "depends_on: [other]"],
    ["extends: {file: /etc/x.yml, service: x}", "extends", "x-extends: {file: /etc/x.yml}"],
    ["build: .", "build", "command: build ."],
    ["runtime: io.containerd.kata.v2", "runtime", "stop_signal: SIGINT"],
    ["oom_score_adj: -1000", "oom-score-adj", "shm_size: 64m"],
    ["sysctls: {kernel.core_pattern: '|/x'}", "sysctls", "sysctls: {net.core.somaxconn: 1024}"],
    ["sysctls: ['vm.overcommit_memory=1']", "sysctls", "sysctls: ['kernel.shmmax=1']"],
    ["gpus: all", "unknown-key", "x-gpus: all"],
    ["logging: {driver: syslog}", "logging", "logging: {driver: json-file}"],
    ["env_file: /etc/environment", "path-outside", "env_file: app.env"],
    ["env_file: [../other/.env]", "path-outside", "env_file: [./conf/../app.env]"],
    ["env_file: [{path: .git/config}]", "path-outside", "env_file: [{path: .github/x.env}]"],
    ["volumes: ['/:/host']", "host-path", "volumes: ['/data']"],
    ["volumes: ['./conf:/conf']", "host-path", "volumes: ['conf:/conf']"],
    ["volumes: ['~/x:/x']", "host-path", "volumes: ['x:/x:ro']"],
    ["volumes: ['/etc/localtime:/etc/localtime:ro']", "host-path", "volumes: ['localtime:/etc/localtime:ro']"],
    ["volumes: ['/var/run/docker.sock:/var/run/docker.sock']", "engine-socket", "volumes: ['docker.sock:/var/run/docker.sock']"],
    ["volumes: [{type: bind, source: /run/docker.sock, target: /s}]", "engine-socket", "volumes: [{type: volume, source: s, target: /s}]"],
    ["volumes: [{type: bind, source: /srv, target: /s}]", "host-path", "volumes: [{type: tmpfs, target: /s}]"],
    ["volumes: [{type: volume, source: /srv, target: /s}]", "host-path", "volumes: [{type: volume, target: /s}]"],
    ["volumes: [{type: npipe, source: x, target: /s}]", "mount-type", "volumes: [{type: volume, source: x, target: /s}]"],
    ["volumes: ['{{/* x */}}other:/x']", "host-path", "volumes: ['other:/x']"],
    ["networks: [host]", "external-network", "networks: [internal]"],
    ["networks: {host: {}}", "external-network", "networks: {internal: {aliases: [host]}}"],
    ["ports: ['80:80']", "port", "ports: ['80']"],
    ["ports: ['25:25']", "port", "ports: ['22:22']"],
    ["ports: ['127.0.0.1:2375:80']", "port", "ports: ['127.0.0.1:3375:80']"],
    ["ports: ['1000-1030:1000-1030']", "port", "ports: ['1030-1060:1030-1060']"],
    ["ports: [{target: 53, published: 53, protocol: udp}]", "port", "ports: [{target: 53, protocol: udp}]"],
    ["ports: ['1024-65535:1024-65535']", "port", "ports: ['0:80']"],
    ["deploy: {replicas: 11}", "replicas", "deploy: {replicas: 10}"],
    ["deploy: {replicas: 0x0b}", "replicas", "deploy: {replicas: 0}"],
    ["deploy: {resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: gpu, value: 1}}]}}}", "devices", "deploy: {resources: {reservations: {memory: 1G}}}"],
    ["deploy: {runtime: x}", "unknown-key", "deploy: {mode: global}"],
    ["deploy: {labels: ['recipe-ci.run=x']}", "reserved-label", "deploy: {labels: ['traefik.enable=true']}"],
    ["labels: {com.docker.stack.namespace: other}", "reserved-label", "labels: {org.example: x}"],
  ])("%s", (refused, rule, fine) => {
    expect(service(refused).map((found) => found.split(" ")[1])).toEqual([rule]);
    expect(service(fine)).toEqual([]);
  });
});

describe("of what services use", () => {
  it.each<Row>([
    ["networks: {x: {external: true}}", "external-network", "networks: {proxy: {external: true}}"],
    ["networks: {x: {external: true, name: host}}", "external-network", "networks: {x: {external: true, name: proxy}}"],
    ["networks: {proxy: {external: true, name: host}}", "external-network", "networks: {x: {external: {name: proxy}}}"],
    ["networks: {host: {external: {}}}", "external-network", "networks: {host: {}}"],
    ["networks: {host: {external: yes}}", "external-network", "networks: {x: {internal: true}}"],
    ["networks: {x: {driver: host}}", "network-driver", "networks: {x: {driver: overlay}}"],
    ["networks: {x: {driver_opts: {parent: eth0}}}", "network-driver", "networks: {x: {driver_opts: {encrypted: ''}}}"],
    ["networks: {x: {ipam: {driver: dhcp}}}", "network-driver", "networks: {x: {ipam: {config: [{subnet: 10.9.0.0/24}]}}}"],
    ["networks: {x: {name: other_internal}}", "foreign-name", "networks: {x: {name: '${STACK_NAME}_x'}}"],
    ["networks: {x: {config_from: other}}", "unknown-key", "networks: {x: {attachable: true}}"],
    ["volumes: {x: {external: true}}", "external-volume", "volumes: {x: {external: false}}"],
    ["volumes: {x: {name: other_data}}", "foreign-name", "volumes: {x: {name: 'data-${DOMAIN}'}}"],
    ["volumes: {x: {name: '{{/*${STACK_NAME}*/}}other'}}", "foreign-name", "volumes: {x: {name: '${STACK_NAME}_other'}}"],
    ["volumes: {x: {driver: sshfs}}", "volume-driver", "volumes: {x: {driver: local}}"],
    ["volumes: {x: {driver_opts: {type: none, o: bind, device: /}}}", "volume-options", "volumes: {x: {driver_opts: {type: tmpfs, device: tmpfs, o: size=10m}}}"],
    ["volumes: {x: {driver_opts: {type: nfs, o: addr=10.0.0.1, device: ':/x'}}}", "volume-options", "volumes: {x: {driver_opts: {}}}"],
    ["volumes: {x: {x-cluster-spec: {}, x-y: 1}}\nx-z: 1\nnetworks: {a: {labels: [recipe-ci.run=x]}}", "reserved-label", "volumes: {x: {x-y: 1}}"],
    ["volumes: {x: {x-cluster-spec: {group: x}}}", "unknown-key", "volumes: {x: {labels: {a: b}}}"],
    ["volumes: {x: {labels: {recipe-ci.run: x}}}", "reserved-label", "volumes: {x: {labels: {recipe: x}}}"],
    ["configs: {x: {file: x, labels: [com.docker.stack.namespace=other]}}", "reserved-label", "configs: {x: {file: x, labels: [a=b]}}"],
    ["secrets: {x: {external: true}}", "foreign-name", "secrets: {x: {external: true, name: '${STACK_NAME}_x_v1'}}"],
    ["secrets: {x: {external: true, name: other_x_v1}}", "foreign-name", "secrets: {x: {file: secret.txt}}"],
    ["secrets: {x: {external: {name: other_x_v1}}}", "foreign-name", "secrets: {x: {external: {name: '${STACK_NAME}_x_v1'}}}"],
    ["secrets: {x: {file: /root/.ssh/id_rsa}}", "path-outside", "secrets: {x: {file: id_rsa.pub}}"],
    ["secrets: {x: {driver: vault, name: '${STACK_NAME}_x'}}", "unknown-key", "secrets: {x: {file: a, name: '${STACK_NAME}_x'}}"],
    ["configs: {x: {external: true, name: edge_ca}}", "foreign-name", "configs: {x: {external: true, name: '${STACK_NAME}_ca'}}"],
    ["configs: {x: {file: ../other/x.conf}}", "path-outside", "configs: {x: {file: ..x.conf}}"],
    ["configs: {x: {file: a/../../x}}", "path-outside", "configs: {x: {file: a/../x}}"],
    ["configs: {x: {file: .git/config}}", "path-outside", "configs: {x: {file: .gitignore}}"],
    ["configs: {x: {file: x, template_driver: other}}", "template-driver", "configs: {x: {file: x, template_driver: golang}}"],
    ["include: [/etc/x.yml]", "include", "x-include: [/etc/x.yml]"],
    ["models: {x: {}}", "unknown-key", "x-models: {x: {}}"],
  ])("%s", (refused, rule, fine) => {
    expect(top(refused).map((found) => found.split(" ")[1])).toEqual([rule]);
    expect(top(fine)).toEqual([]);
  });

  it("many services of a few replicas each", () => {
    const many = (replicas: number) => `services:\n${Array.from({ length: 10 }, (_, index) => `  s${index}: {image: "x:1", deploy: {replicas: ${replicas}}}`).join("\n")}\n`;
    expect(rules(judged(many(6)))).toEqual(["services replicas"]);
    expect(judged(many(5))).toEqual([]);
  });
});

describe("what Docker gets", () => {
  it("is judged with the app's variables", () => {
    expect(service("privileged: ${P:-false}", "", { env: { P: "true" } })).toEqual(["services.app.privileged privileged"]);
    expect(service("privileged: ${P:-false}")).toEqual([]);
    expect(top("networks: {x: {external: true, name: '${NET:-proxy}'}}", { env: { NET: "host" } })).toEqual(["networks.x external-network"]);
    expect(top("networks: {x: {external: true, name: '${NET:-proxy}'}}", { abraSh: "export NET=host\n" })).toEqual(["networks.x external-network"]);
    expect(service("volumes: ['${DATA:-data}:/data']", "", { env: { DATA: "/srv" } })).toEqual(["services.app.volumes.0 host-path"]);
    expect(service("volumes: ['${DATA:-data}:/data']")).toEqual([]);
  });

  it("is judged in every file that COMPOSE_FILE names, and named after it", () => {
    const found = judged('services: {app: {image: "x:1"}}', { over: ["services: {app: {cap_add: [ALL]}}"] });
    expect(found.map(({ file, service: name, rule }) => `${file} ${name} ${rule}`)).toEqual(["compose.1.yml app cap-add"]);
  });

  it("is judged as all files make it, where none alone says it", () => {
    const found = judged("networks: {x: {name: host}}\nservices: {app: {image: 'x:1'}}", { over: ["networks: {x: {external: true}}"] });
    expect(rules(found)).toEqual(["networks.x.name foreign-name", "networks.x external-network", "networks.x external-network"]);
    const joint = judged("networks: {proxy: {external: true}}\nservices: {app: {image: 'x:1'}}", { over: ["networks: {proxy: {name: '${STACK_NAME}_x'}}"] });
    expect(joint.map(({ file, rule }) => `${file} ${rule}`)).toEqual(["compose.yml + compose.1.yml external-network"]);
  });

  it.each(["HOME", "PATH", "PWD", "HOSTNAME", "ABRA_DIR", "DOCKER_HOST"])("may hold %s of whoever deploys, where the recipe does not set it", (name) => {
    const lines = `volumes: ['\${${name}:-data}:/data']`;
    expect(service(lines)).toEqual(["services.app.volumes.0 unsure"]);
    expect(service(lines, "", { env: { [name]: "data" } })).toEqual([]);
    expect(service(`environment: ['A=\${${name}}']`)).toEqual([]);
  });

  it("may be written so that readers disagree: then it is refused where it matters", () => {
    const net = (name: string, more = {}) => top(`networks: {x: {external: true, name: '${name}'}}`, more);
    // Docker takes the inner one for text, and this harness for a variable.
    expect(net("${A:-${B:-proxy}}")).toEqual(["networks.x external-network"]);
    // Docker takes all behind the dash for a default.
    expect(net("$A-host", { env: { A: "proxy" } })).toEqual(["networks.x external-network"]);
    expect(net("${A:+proxy}", { env: { A: "1" } })).toEqual(["networks.x external-network"]);
    expect(net("$A", { env: { A: "proxy" } })).toEqual([]);
    // abra reads no quotes, and of two on a line the last one.
    expect(net("${A:-proxy}", { abraSh: 'export A="proxy"\n' })).toEqual(["networks.x external-network"]);
    expect(net("${B:-proxy}", { abraSh: "export A=1 export B=host\n" })).toEqual(["networks.x external-network"]);
    expect(net("${B:-proxy}", { abraSh: "export B=proxy\nbackup() {\n  export C=\"$(date)\"\n}\n" })).toEqual([]);
    expect(service("environment: {A: '${A:-${B}}'}\nimage2: 1")).toEqual(["services.app.image2 unknown-key"]);
    expect(service("volumes: ['${A:-${B:-data}}:/data']")).toEqual(["services.app.volumes.0 unsure"]);
    expect(service("volumes: [{type: volume, source: '${A:-${B:-data}}', target: /data}]")).toEqual(["services.app.volumes.0 unsure"]);
    expect(service("env_file: '${A:-${B:-x.env}}'")).toEqual(["services.app.env_file path-outside"]);
    expect(service("ports: [{target: 80, published: '${N:-${M:-8080}}'}]")).toEqual(["services.app.ports port"]);
    expect(service("deploy: {labels: ['${A:-${B:-traefik}}.enable=true']}")).toEqual(["services.app.deploy.labels reserved-label"]);
    expect(service("deploy: {replicas: '${N:-${M:-1}}'}")).toEqual(["services.app.deploy.replicas replicas"]);
    expect(service("ports: ['${N:-${M:-8080}}:80']")).toEqual(["services.app.ports port"]);
    expect(top("volumes: {x: {driver_opts: {type: !!binary dG1wZnM=, device: tmpfs}}}")).toContain("tag:yaml.org,2002:binary yaml-tag");
  });
});

describe("what this project can't read", () => {
  it.each([
    ["no YAML", "services: {app: [}"],
    ["a list where a mapping belongs", 'services: {app: {image: "x:1"}}\nvolumes: [x]'],
    ["mounts that are no list", "services: {app: {volumes: {a: b}}}"],
    ["a variable that has to be set", "services: {app: {image: '${IMAGE:?which}'}}"],
  ])("is refused: others may find more in it (%s)", (_, text) => {
    expect(judged(text).map(({ rule }) => rule)).toEqual(["unreadable"]);
  });
});

describe("what abra does beside Docker", () => {
  const plain = 'services: {app: {image: "x:1"}, local: {image: "x:1"}}';

  it.each(["POST_DEPLOY_CMDS", "POST_UPGRADE_CMDS", "POST_ROLLBACK_CMDS"])("%s may run functions in services alone", (hook) => {
    expect(rules(judged(plain, { env: { [hook]: "app migrate now|local steal" } }))).toEqual([`${hook} command-on-host`]);
    expect(rules(judged(plain, { env: { [hook]: "web migrate" } }))).toEqual([`${hook} command-on-host`]);
    expect(judged(plain, { env: { [hook]: "app migrate now|app tidy" } })).toEqual([]);
  });

  it("names the stack after the domain, whatever the recipe says", () => {
    expect(rules(judged(plain, { env: { STACK_NAME: "traefik" } }))).toEqual(["STACK_NAME other-stack"]);
    expect(judged(plain, { env: { STACK_NAME: "blog_a1b2_ci_test" } })).toEqual([]);
  });
});

describe("whose files abra deploys", () => {
  const plain = 'services: {app: {image: "x:1"}}';

  it.each<Record<string, string>>([
    { TYPE: "blog", RECIPE: "https://evil.example/blog.git" },
    { RECIPE: "evil" , TYPE: "blog" },
    { TYPE: "https://evil.example/blog" },
    { TYPE: "git.example/blog:1.0.0" },
    { RECIPE: "" },
    { TYPE: "../blog" },
  ])("%j leads to other files than these: abra reads RECIPE first, and fetches what is no name", (env) => {
    expect(judged(plain, { env }).map(({ rule }) => rule)).toEqual(["other-recipe"]);
  });

  it.each<Record<string, string>>([{}, { TYPE: "blog" }, { RECIPE: "blog:1.0.0+2.1" }, { TYPE: "blog:1.0.0", RECIPE: "blog" }])("%j leads to these", (env) => {
    expect(judged(plain, { env })).toEqual([]);
  });
});

describe("how it is said", () => {
  it("stays one line whatever is in names, and 50 lines at most", () => {
    const name = "a\\n\\e[2J\\u202eb";
    const found = judged(`services: {"${name}": {image: "x:1", privileged: true}}\nnetworks: {"${name}": {driver: host}}`, { env: { POST_DEPLOY_CMDS: "local a\n\u001b[2J" } });
    expect(found.map(({ rule }) => rule)).toEqual(["privileged", "network-driver", "command-on-host"]);
    const reason = refusalReason(found);
    for (const line of [reason?.service, reason?.summary, reason?.hint, ...(reason?.evidence ?? [])]) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    const many = judged(`services:\n${Array.from({ length: 500 }, (_, index) => `  s${index}: {privileged: true, deploy: {replicas: 0}}\n`).join("")}`);
    const evidence = refusalReason(many)?.evidence ?? [];
    expect(evidence).toHaveLength(51);
    expect(evidence.at(-1)).toBe("and 451 more");
  });

  it("names file, key, rule and remedy on one line", () => {
    const [found] = judged('services: {app: {image: "x:1", privileged: true}}');
    expect(found && refusalLine(found)).toBe("compose.yml: services.app.privileged: true asks for all that root of the node may do; take it out (privileged)");
  });

  it("is no fault of the recipe's: another trust may allow it", () => {
    const reason = refusalReason(judged('services: {app: {image: "x:1", privileged: true, pid: host}}'));
    expect(reason).toMatchObject({
      class: "not-trusted",
      service: "app",
      summary: "compose.yml: services.app.privileged: true asks for all that root of the node may do, which --trust none does not allow, and 1 more",
      hint: "take it out, or let a maintainer look at it and run it with --trust data",
    });
    expect(reason?.evidence).toHaveLength(2);
    expect(refusalReason([])).toBeNull();
  });

  it("stays one line, whatever the recipe writes", () => {
    const [found] = judged(`services: {app: {image: "x:1", pid: "host\\n\\e[2Jx${"y".repeat(500)}"}}`);
    expect(found && refusalLine(found)).toMatch(/^compose\.yml: services\.app\.pid: host\?\?\[2Jxy+… sees [^\p{Cc}]*$/u);
  });
});
