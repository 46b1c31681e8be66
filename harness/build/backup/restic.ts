/** By which abra finds the bot. */
export const botLabel = { key: "coop-cloud.backupbot.enabled", value: "true" } as const;

/** Where the bot's recipe puts restic's password. */
export const password = 'export RESTIC_PASSWORD_FILE="${RESTIC_PASSWORD_FILE:-/run/secrets/restic_password}"';

/** restic as the bot has it: repository from the environment, password where the bot's recipe puts it. */
export const resticScript = `${password}; exec restic "$@"`;
