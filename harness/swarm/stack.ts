/** What `docker stack deploy` labels a stack's objects with; tasks and containers have it from their service. */
export const stackLabel = "com.docker.stack.namespace";

/** For the engine's lists: what is the stack's, and nothing of one whose name begins like it. */
export function stackFilter(stack: string): { label: string[] } {
  return { label: [`${stackLabel}=${stack}`] };
}
