#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { version } from '../lib/version.js';
import { ExitCode, exitCodeOf } from '../programs/exit.js';
import { limitHeapGrowth } from '../programs/memory.js';
import { describeError } from '../programs/operator-error.js';

/** Each command loads only the code it needs, which saves memory in programs that serve for months. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  start: async () => (await import('./start.js')).startCommand(),
  ra: async () => {
    limitHeapGrowth();
    return (await import('./ra.js')).raCommand();
  },
  ca: async () => {
    limitHeapGrowth();
    return (await import('./ca.js')).caCommand();
  },
  admin: async () => (await import('./admin.js')).adminCommand(),
  migrate: async () => (await import('./migrate.js')).migrateCommand(),
  backup: async () => (await import('./backup.js')).backupCommand(),
  restore: async () => (await import('./backup.js')).restoreCommand(),
  audit: async () => (await import('./audit.js')).auditCommand(),
  config: async () => (await import('./config-command.js')).configCommand(),
  clients: async () => (await import('./clients.js')).clientsCommand(),
  notify: async () => (await import('./notify.js')).notifyCommand(),
  health: async () => (await import('./health.js')).healthCommand(),
  console: async () => (await import('./console.js')).consoleCommand(),
  cert: async () => (await import('./operator/cert.js')).certCommand(),
  account: async () => (await import('./operator/account.js')).accountCommand(),
  node: async () => (await import('./operator/node.js')).nodeCommand(),
  check: async () => (await import('./operator/check.js')).checkCommand(),
  failures: async () => (await import('./operator/failures.js')).failuresCommand(),
  status: async () => (await import('./operator/status.js')).statusCommand(),
  rules: async () => (await import('./operator/rules.js')).rulesCommand(),
  reload: async () => (await import('./operator/reload.js')).reloadCommand(),
  trust: async () => (await import('./trust/trust.js')).trustCommand(),
  store: async () => (await import('./store.js')).storeCommand(),
};

/** Adds only the requested command; for help and for an unknown name, all of them. */
async function upki(asked: string | undefined): Promise<Command> {
  const program = new Command('upki')
    .description("The private network's Let's Encrypt: a certificate authority and an ACME server.")
    .version(version());
  const known = asked !== undefined && Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
  for (const load of known ? [known] : Object.values(COMMANDS)) program.addCommand(await load());
  throwOnExit(program);
  return program;
}

/** Makes commander throw, at every depth, so that `run` chooses the exit code of wrong usage. */
function throwOnExit(command: Command): void {
  command.exitOverride();
  for (const each of command.commands) throwOnExit(each);
}

async function run(): Promise<void> {
  try {
    await (await upki(process.argv[2])).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version end with 0; commander has printed everything.
      process.exitCode = error.exitCode === 0 ? 0 : ExitCode.usage;
      return;
    }
    process.stderr.write(`uPKI: ${describeError(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

// A reader that closed the pipe (`upki config | head`) is not an error, and must not stop a server.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

await run();
