#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/index.js';
import { adminCommand } from './admin.js';
import { auditCommand } from './audit.js';
import { caCommand } from './ca.js';
import { configCommand } from './config-command.js';
import { describeError } from './errors.js';
import { CannotStart, ExitCode } from './exit.js';
import { healthCommand } from './health.js';
import { migrateCommand } from './migrate.js';
import { raCommand } from './ra.js';
import { startCommand } from './start.js';
import { storeCommand } from './store.js';
import { version } from './version.js';

function upki(): Command {
  const program = new Command('upki')
    .description("The private network's Let's Encrypt: a certificate authority and an ACME server.")
    .version(version())
    .addCommand(startCommand())
    .addCommand(raCommand())
    .addCommand(caCommand())
    .addCommand(adminCommand())
    .addCommand(migrateCommand())
    .addCommand(auditCommand())
    .addCommand(configCommand())
    .addCommand(healthCommand())
    .addCommand(storeCommand());
  throwOnExit(program);
  return program;
}

/** Lets `run` decide the exit code of wrong usage, at every depth. */
function throwOnExit(command: Command): void {
  command.exitOverride();
  for (const each of command.commands) throwOnExit(each);
}

async function run(): Promise<void> {
  try {
    await upki().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and version end with 0; commander has printed everything.
      process.exitCode = error.exitCode === 0 ? 0 : ExitCode.usage;
      return;
    }
    process.stderr.write(`uPKI: ${describeError(error)}\n`);
    process.exitCode = exitCode(error);
  }
}

function exitCode(error: unknown): number {
  if (error instanceof ConfigError) return ExitCode.usage;
  return error instanceof CannotStart ? ExitCode.cannotStart : ExitCode.failure;
}

// A reader that has gone away (`upki config | head`) is no fault of ours, and no reason to stop serving.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

await run();
