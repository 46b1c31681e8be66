// Read by Node before recipe-ci: from SIGUSR2 on the time of day is another, and what is monotonic goes on as it was, as when
// somebody sets the clock. RECIPE_CI_FAULT_STEP_MS says by how much, milliseconds.
const real = Date;
let offset = 0;
process.on("SIGUSR2", () => {
  offset = Number(process.env.RECIPE_CI_FAULT_STEP_MS);
});
globalThis.Date = new Proxy(real, {
  apply: () => String(new real(real.now() + offset)),
  construct: (_, given) => (given.length === 0 ? new real(real.now() + offset) : Reflect.construct(real, given)),
  get: (target, key) => (key === "now" ? () => real.now() + offset : Reflect.get(target, key)),
});
