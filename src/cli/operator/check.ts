import { ExitCode } from '../../programs/exit.js';
import type { UpkiCommand } from '../command.js';
import { type Common, operatorCommand, query } from './command.js';
import { table } from './layout.js';

interface Row {
  step: string;
  target: string;
  outcome: string;
  ok: boolean;
}

/** `upki check`: explains why a name gets a certificate, or does not. */
export function checkCommand(): UpkiCommand {
  return operatorCommand({
    usage: 'check <name>',
    description:
      'Check a name as its validation would: lists, resolvers, CAA, ports, addresses, redirects, profile. Exits with 1 when no certificate would be issued.',
    examples: [['upki check press-17.plant.lan', 'Check every step up to the certificate.']],
    options: (command) => command.option('--profile <name>', 'Profile of the certificate.'),
    ask: async (door, { profile }: Common & { profile?: string }, name) => {
      const { data } = await door.ask('GET', `/private/check${query({ name, profile })}`);
      if (!data.would_be_issued) process.exitCode = ExitCode.failure;
      return data;
    },
    text: ({ findings, profile }) =>
      table(findings as Row[], [
        ['', ({ ok }) => (ok ? 'ok' : 'NO')],
        ['STEP', ({ step }) => step],
        ['TARGET', ({ target }) => target],
        ['SEEN', ({ outcome }) => outcome],
      ]) +
      (profile === null
        ? 'No certificate would be issued.\n'
        : `A certificate would be issued with profile ${profile}.\n`),
  });
}
