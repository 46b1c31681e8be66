import { createHash } from "node:crypto";

/** Swarm lists this many tasks of a slot, the live one included. */
const listedOfSlot = 5;
const idLength = 25;

interface Task {
  readonly id: string;
  readonly service: number;
  readonly slot: number;
  version: number;
  state: "running" | "failed";
  stamp: string;
}

const idOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, idLength);

/** A stack whose slots each have four failures and a live task to show: answers as Docker 20.10 writes them, field for field. */
export class ReplayedStack {
  readonly node = idOf("node");
  readonly #name: string;
  readonly #services: number;
  readonly #replicas: number;
  readonly #born = Date.now();
  #tasks: Task[] = [];
  #index = 100;
  /** Tasks that have failed so far. */
  failures = 0;

  constructor(name: string, services: number, replicas: number) {
    this.#name = name;
    this.#services = services;
    this.#replicas = replicas;
    // A first life for each slot, and so many deaths that the list is as long as Swarm ever makes it.
    this.#start();
    for (let life = 1; life < listedOfSlot; life++) this.fail(this.#born);
  }

  /** Each slot's live task ends with 1 and gets a successor. @returns the events that tell */
  fail(at: number): string {
    const live = this.#tasks.filter(({ state }) => state === "running");
    for (const task of live) Object.assign(task, { state: "failed", version: ++this.#index, stamp: new Date(at).toISOString() });
    this.failures += live.length;
    this.#start(at);
    return live.map((task) => this.event("die", task)).join("");
  }

  event(action: string, task = this.#tasks[0] as Task): string {
    const attributes = {
      "com.docker.stack.namespace": this.#name,
      "com.docker.swarm.node.id": this.node,
      "com.docker.swarm.service.id": this.#serviceId(task.service),
      "com.docker.swarm.service.name": `${this.#name}_service${task.service}`,
      "com.docker.swarm.task": "",
      "com.docker.swarm.task.id": task.id,
      exitCode: "1",
      image: "docker.io/library/nginx:1.27",
      name: `${this.#name}_service${task.service}.${task.slot}.${task.id}`,
    };
    return `${JSON.stringify({ status: action, id: idOf(`container ${task.id}`), Type: "container", Action: action, Actor: { ID: idOf(`container ${task.id}`), Attributes: attributes } })}\n`;
  }

  tasks(): string {
    const bySlot = Map.groupBy(this.#tasks, ({ service, slot }) => `${service} ${slot}`);
    this.#tasks = [...bySlot.values()].flatMap((tasks) => tasks.slice(-listedOfSlot));
    return JSON.stringify(this.#tasks.map((task) => this.#task(task)));
  }

  services(): string {
    return JSON.stringify(Array.from({ length: this.#services }, (_, service) => ({
      ID: this.#serviceId(service),
      Version: { Index: service + 1 },
      CreatedAt: new Date(this.#born - 60_000).toISOString(),
      UpdatedAt: new Date(this.#born - 60_000).toISOString(),
      Spec: {
        Name: `${this.#name}_service${service}`,
        Labels: this.#labels(service),
        TaskTemplate: { ...this.#spec(service), Placement: { Platforms: [{ Architecture: "amd64", OS: "linux" }] }, ForceUpdate: 0, Runtime: "container" },
        Mode: { Replicated: { Replicas: this.#replicas } },
        UpdateConfig: { Parallelism: 1, Monitor: 5e9, FailureAction: "pause", MaxFailureRatio: 0, Order: "stop-first" },
        EndpointSpec: { Mode: "vip" },
      },
      Endpoint: { Spec: { Mode: "vip" }, VirtualIPs: [{ NetworkID: idOf("network"), Addr: "10.0.1.2/24" }] },
      ServiceStatus: { RunningTasks: this.#replicas, DesiredTasks: this.#replicas, CompletedTasks: 0 },
    })));
  }

  #start(at = this.#born): void {
    for (let service = 0; service < this.#services; service++) {
      for (let slot = 1; slot <= this.#replicas; slot++) {
        const version = ++this.#index;
        this.#tasks.push({ id: idOf(`task ${version}`), service, slot, version, state: "running", stamp: new Date(at).toISOString() });
      }
    }
  }

  #task({ id, service, slot, version, state, stamp }: Task): object {
    const failed = state === "failed";
    return {
      ID: id,
      Version: { Index: version },
      CreatedAt: stamp,
      UpdatedAt: stamp,
      Labels: {},
      Spec: this.#spec(service),
      ServiceID: this.#serviceId(service),
      Slot: slot,
      NodeID: this.node,
      Status: {
        Timestamp: stamp,
        State: state,
        Message: "started",
        ...(failed ? { Err: "task: non-zero exit (1)" } : {}),
        ContainerStatus: { ContainerID: createHash("sha256").update(id).digest("hex"), PID: 4_000 + slot, ExitCode: failed ? 1 : 0 },
        PortStatus: {},
      },
      DesiredState: failed ? "shutdown" : "running",
      NetworksAttachments: ["default", "proxy"].map((network) => ({
        Network: {
          ID: idOf(network),
          Version: { Index: 20 },
          CreatedAt: new Date(this.#born).toISOString(),
          UpdatedAt: new Date(this.#born).toISOString(),
          Spec: { Name: `${this.#name}_${network}`, Labels: { "com.docker.stack.namespace": this.#name }, DriverConfiguration: { Name: "overlay" }, IPAMOptions: { Driver: { Name: "default" } }, Scope: "swarm" },
          DriverState: { Name: "overlay", Options: { "com.docker.network.driver.overlay.vxlanid_list": "4097" } },
          IPAMOptions: { Driver: { Name: "default" }, Configs: [{ Subnet: "10.0.1.0/24", Gateway: "10.0.1.1" }] },
        },
        Addresses: ["10.0.1.7/24"],
      })),
    };
  }

  #spec(service: number): object {
    return {
      ContainerSpec: {
        Image: "docker.io/library/nginx:1.27@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        Labels: this.#labels(service),
        Env: Array.from({ length: 12 }, (_, index) => `SETTING_${index}=value-of-${service}-${index}`),
        Privileges: { CredentialSpec: null, SELinuxContext: null },
        Healthcheck: { Test: ["CMD-SHELL", "true"], Interval: 1e9, Timeout: 1e9, Retries: 3 },
        Isolation: "default",
      },
      Resources: {},
      RestartPolicy: { Condition: "any", Delay: 5e9, MaxAttempts: 0 },
      Networks: [{ Target: idOf("default"), Aliases: [`service${service}`] }, { Target: idOf("proxy"), Aliases: [`service${service}`] }],
      ForceUpdate: 0,
    };
  }

  #labels(service: number): object {
    return { "com.docker.stack.image": "nginx:1.27", "com.docker.stack.namespace": this.#name, "traefik.enable": "true", "traefik.http.routers.app.rule": `Host(\`service${service}.ci.test\`)` };
  }

  #serviceId(service: number): string {
    return idOf(`service ${service}`);
  }
}
