import type { Command } from 'commander';
import { ExitCode } from '../../programs/exit.js';
import { type Common, operatorCommand, query } from './command.js';
import { json, print, table } from './print.js';

interface Row {
  step: string;
  target: string;
  outcome: string;
  ok: boolean;
}

/** `upki check`: explains why a name gets a certificate, or does not. */
export function checkCommand(): Command {
  return operatorCommand<Common & { profile?: string }>(
    'check <name>',
    'Check a name as its validation would: lists, resolvers, CAA, ports, addresses, redirects, profile. Exits with 1 when no certificate would be issued.',
    [['upki check press-17.plant.lan', 'Check every step up to the certificate.']],
    async (door, { profile, json: asJson }, name) => {
      const { data } = await door.ask('GET', `/private/check${query({ name, profile })}`);
      if (!data.would_be_issued) process.exitCode = ExitCode.failure;
      if (asJson) return print(json(data));
      print(
        table(data.findings as Row[], [
          ['', ({ ok }) => (ok ? 'ok' : 'NO')],
          ['STEP', ({ step }) => step],
          ['TARGET', ({ target }) => target],
          ['SEEN', ({ outcome }) => outcome],
        ]),
      );
      print(
        data.profile === null
          ? 'No certificate would be issued.\n'
          : `A certificate would be issued with profile ${data.profile}.\n`,
      );
    },
    (command) => command.option('--profile <name>', 'Profile of the certificate.'),
  );
}
