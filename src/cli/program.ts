import { type Command, CommanderError } from 'commander';
import { version } from '../lib/version.js';
import { ExitCode } from '../programs/exit.js';
import { exitCodeOf } from '../programs/exit-code.js';
import { limitHeapGrowth } from '../programs/memory.js';
import { describeError } from '../programs/operator-error.js';
import { UpkiCommand } from './command.js';
import { addExitCodes } from './help.js';
import { warn } from './print.js';

/** A command of `upki`: its line in `upki --help`, and its code, loaded only when it is needed. */
interface Entry {
  summary: string;
  load(): Promise<Command>;
}

/** Each command loads only the code it needs, which saves memory in programs that serve for months. */
const COMMANDS: Record<string, Entry> = {
  start: {
    summary: 'Run a CA and an RA on this machine.',
    load: async () => (await import('./start.js')).startCommand(),
  },
  ra: {
    summary: 'Run the RA (ACME and REST) alone; list RAs.',
    load: async () => {
      limitHeapGrowth();
      return (await import('./ra.js')).raCommand();
    },
  },
  ca: {
    summary: 'Run the CA alone; roots, issuers, the seed.',
    load: async () => {
      limitHeapGrowth();
      return (await import('./ca.js')).caCommand();
    },
  },
  admin: {
    summary: 'Make, list and remove administrators.',
    load: async () => (await import('./admin.js')).adminCommand(),
  },
  migrate: {
    summary: 'Migrate the data of the Python programs.',
    load: async () => (await import('./migrate.js')).migrateCommand(),
  },
  backup: {
    summary: 'Write everything to an encrypted file.',
    load: async () => (await import('./backup.js')).backupCommand(),
  },
  restore: {
    summary: 'Restore a backup.',
    load: async () => (await import('./backup.js')).restoreCommand(),
  },
  audit: {
    summary: 'Verify, print and archive the audit logs.',
    load: async () => (await import('./audit.js')).auditCommand(),
  },
  config: {
    summary: 'Print every setting and its source.',
    load: async () => (await import('./config-command.js')).configCommand(),
  },
  clients: {
    summary: 'Print the lines for ACME clients.',
    load: async () => (await import('./clients.js')).clientsCommand(),
  },
  notify: {
    summary: 'Test the notices about problems.',
    load: async () => (await import('./notify.js')).notifyCommand(),
  },
  health: {
    summary: 'Check whether the RA here is ready.',
    load: async () => (await import('./health.js')).healthCommand(),
  },
  console: {
    summary: 'Serve the console for an administrator.',
    load: async () => (await import('./console.js')).consoleCommand(),
  },
  cert: {
    summary: 'Find, show, revoke and export certificates.',
    load: async () => (await import('./operator/cert.js')).certCommand(),
  },
  account: {
    summary: 'List, show and deactivate ACME accounts.',
    load: async () => (await import('./operator/account.js')).accountCommand(),
  },
  node: {
    summary: 'Register nodes with the names they may have.',
    load: async () => (await import('./operator/node.js')).nodeCommand(),
  },
  check: {
    summary: 'Check a name as its validation would.',
    load: async () => (await import('./operator/check.js')).checkCommand(),
  },
  failures: {
    summary: 'List the last failures of each name.',
    load: async () => (await import('./operator/failures.js')).failuresCommand(),
  },
  status: {
    summary: 'Show the state of everything on one screen.',
    load: async () => (await import('./operator/status.js')).statusCommand(),
  },
  rules: {
    summary: 'Show the rules and change them for every RA.',
    load: async () => (await import('./operator/rules.js')).rulesCommand(),
  },
  reload: {
    summary: 'Reload the rules of every RA.',
    load: async () => (await import('./operator/reload.js')).reloadCommand(),
  },
  trust: {
    summary: 'Make this machine trust the root.',
    load: async () => (await import('./trust/trust.js')).trustCommand(),
  },
  store: {
    summary: 'Check, prune, copy the databases.',
    load: async () => (await import('./store.js')).storeCommand(),
  },
};

/** Adds only the requested command; for help and for an unknown name, all of them. */
export async function upki(asked: string | undefined): Promise<Command> {
  const program = new UpkiCommand('upki')
    .description("The private network's Let's Encrypt: a certificate authority and an ACME server.")
    .version(version())
    .examples([['upki start', 'Run everything here, and print how a client gets its first certificate.']]);
  addExitCodes(program);
  const known = asked !== undefined && Object.hasOwn(COMMANDS, asked) ? COMMANDS[asked] : undefined;
  for (const { load, summary } of known ? [known] : Object.values(COMMANDS))
    program.addCommand((await load()).summary(summary));
  prepare(program);
  return program;
}

/** Commander leaves a text beside its term unwrapped when fewer columns than this are left for it. */
const LEAST_TEXT_WIDTH = 16;

/** At every depth: commander throws, so that `run` chooses the exit code of wrong usage; help is wrapped in narrow terminals too. */
function prepare(command: Command): void {
  command.exitOverride().configureHelp({ minWidthToWrap: LEAST_TEXT_WIDTH });
  for (const each of command.commands) prepare(each);
}

/** Runs a command line, such as `['ca', 'status']`, and sets the exit code of the process. */
export async function run(words: readonly string[]): Promise<void> {
  try {
    await (await upki(words[0])).parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version end with 0; commander has printed everything.
      process.exitCode = error.exitCode === 0 ? 0 : ExitCode.usage;
      return;
    }
    warn(describeError(error));
    process.exitCode = exitCodeOf(error);
  }
}
