import type { Sockets } from '../programs/ca/start.js';
import { runProgram } from '../programs/child.js';
import { createLogger } from '../programs/logger.js';
import { sayingOrigin } from '../programs/origin.js';
import { initCommand } from './ca-init.js';
import { installCommand } from './ca-install.js';
import { rolloverCommand } from './ca-rollover.js';
import { rootCommand } from './ca-root.js';
import { seedCommand } from './ca-seed.js';
import { caStatusCommand } from './ca-status.js';
import { DIRECTORY_FLAG, type Flag, UpkiCommand } from './command.js';
import { loadCa } from './on-ca-machine.js';

const HOST: Flag = { flags: '--host <address>', setting: 'caHost' };
const CLEAR_ANY: Flag = { flags: '--clear-any <yes>', setting: 'zmqClearAny' };
const OPERATIONS: Flag[] = [DIRECTORY_FLAG, HOST, { flags: '--port <port>', setting: 'caPort' }, CLEAR_ANY];
const REGISTRATION: Flag[] = [
  DIRECTORY_FLAG,
  HOST,
  { flags: '--port <port>', setting: 'caRegistrationPort' },
  CLEAR_ANY,
];

/** `upki ca …`: runs the CA alone, and manages it. */
export function caCommand(): UpkiCommand {
  return new UpkiCommand('ca')
    .description('Run the certificate authority alone; it has the keys and uses only ZeroMQ.')
    .addCommand(initCommand())
    .addCommand(installCommand())
    .addCommand(caStatusCommand())
    .addCommand(rolloverCommand())
    .addCommand(rootCommand())
    .addCommand(seedCommand())
    .addCommand(
      serving('register', REGISTRATION, 'registration', 'Accept only registrations of RAs.', [
        ['upki ca register', 'Accept registrations on port 5001 until Ctrl-C.'],
      ]),
    )
    .addCommand(
      serving('listen', OPERATIONS, 'operations', 'Serve registered RAs; the CA must be initialised.', [
        ['upki ca listen --host 10.0.0.2', 'Serve on one address of this machine.'],
      ]),
    )
    .addCommand(
      serving('start', OPERATIONS, 'both', 'Initialise if needed, then serve and accept registrations.', [
        ['upki ca start --host 10.0.0.2', 'Serve on ports 5000 and 5001.'],
      ]),
    )
    .examples([
      ['upki ca start', 'Initialise if needed, and serve RAs on ports 5000 and 5001.'],
      ['upki ca status', 'Roots and issuers, their expiry, and the next steps.'],
    ]);
}

function serving(
  name: string,
  flags: Flag[],
  sockets: Sockets,
  description: string,
  examples: [string, string][],
): UpkiCommand {
  const command = new UpkiCommand(name).description(description).settings(['ca'], flags).examples(examples);
  return command.action(async () => {
    const loaded = loadCa(command);
    const log = await createLogger('CA', loaded.settings);
    // Loaded on demand, because an RA, the supervisor and `--help` do not need it.
    const { startCa } = await import('../programs/ca/start.js');
    await runProgram('CA', () =>
      sayingOrigin(loaded.given, () => startCa(loaded, log, sockets, sockets === 'both')),
    );
  });
}
