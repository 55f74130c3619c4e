import type { Logger } from 'pino';
import type { ChannelClientOptions, ClientSecurity } from '../../channel/client.js';
import { tcpEndpoint } from '../../channel/endpoint.js';
import { FailoverChannel } from '../../channel/failover.js';
import { introductionProof } from '../../channel/introduction.js';
import { operations } from '../../channel/tasks/index.js';
import { TaskClient } from '../../channel/typed-client.js';
import { isLoopback } from '../../lib/loopback.js';
import { CaUnavailable } from '../../model/ca.js';
import { CaDialect, type Dialect } from '../../python/ca-dialect.js';
import { CaTasks } from '../../python/ca-tasks.js';
import { ClearModeCa } from '../../python/clear-mode-ca.js';
import { PythonCa } from '../../python/python-ca.js';
import { type OwnRecords, PythonTasks } from '../../python/python-tasks.js';
import { pythonOperations } from '../../python/wire.js';
import { CaClient } from '../../ra/ca/client.js';
import { CompromisedKeys } from '../../ra/ca/compromised-keys.js';
import { CannotStart } from '../exit.js';
import type { ProgramSettings } from '../settings.js';
import { RaFiles, type RaKeys, type RaRegistration } from './files.js';
import { watchRevocationUrls } from './unrevocable.js';

export interface CaConnection {
  ca: CaClient;
  /** Keys revoked as compromised; requested from `start` on. */
  compromised: CompromisedKeys;
  /** Every task of the operations socket. A task that the CA does not have throws CaLacksTask. */
  tasks: CaTasks;
  /** Whether the CA is ours or the Python one. @throws CaUnavailable while that is unknown */
  dialect(): Promise<Dialect>;
  close(): void;
}

/** No certificates and no orders: for commands that need none. */
const NO_RECORDS: OwnRecords = {
  findCertificateBySerial: async () => null,
  getOrder: async () => null,
};

/**
 * Connects a registered RA to the CA's operations socket. A lost connection is reopened automatically.
 * @param records the RA's certificates and orders, which replace the records that a Python CA does not have
 */
export function connectToCa(
  settings: ProgramSettings,
  registration: RaRegistration,
  keys: RaKeys,
  log: Logger,
  records: OwnRecords = NO_RECORDS,
): CaConnection {
  if (settings.zmqMode === 'clear') warnOfClear(settings.caHost, (sentence) => log.warn(sentence));
  const channel = new FailoverChannel({
    endpoints: settings.caHost.map(({ host, port }) => tcpEndpoint(host, port ?? settings.caPort)),
    security: security(settings, registration, keys),
    timeout: settings.zmqTimeout,
    ...introduction(settings, registration, keys),
    onState: (state, endpoint) => {
      if (state === 'connected') dialect.forget();
      if (state === 'refused') log.error({ endpoint }, 'the CA does not admit this RA: register it again');
      else
        log.info({ endpoint }, state === 'connected' ? 'connected to the CA' : 'the CA is away; connecting');
    },
  });
  const isClear = settings.zmqMode === 'clear';
  const dialect = new CaDialect(new TaskClient(operations, channel));
  const python = new PythonCa({ client: new TaskClient(pythonOperations, channel), records, log });
  const pythonTasks = new PythonTasks(records, () => python.crl(), Date.now);
  const tasks = new CaTasks(channel, isClear ? { dialect, tasks: pythonTasks } : null);
  const options = {
    client: tasks,
    onCompromise: () => compromised.refresh().catch(() => undefined),
    onIssued: watchRevocationUrls((sentence) => log.warn(sentence), Date.now),
  };
  const ca = isClear ? new ClearModeCa({ ...options, dialect, python }) : new CaClient(options);
  const compromised = new CompromisedKeys({
    ca,
    onError: (error) => {
      if (!(error instanceof CaUnavailable))
        log.warn({ err: error }, 'the CA does not tell which keys are compromised');
    },
  });
  return {
    ca,
    tasks,
    compromised,
    dialect: isClear ? () => dialect.get() : async () => 'upki',
    close: () => {
      compromised.stop();
      channel.close();
    },
  };
}

/** Warns about clear mode to hosts other than this machine. */
export function warnOfClear(caHost: ProgramSettings['caHost'], warn: (sentence: string) => void): void {
  const others = caHost.map(({ host }) => host).filter((host) => !isLoopback(host));
  if (others.length === 0) return;
  warn(
    `clear mode to ${others.join(', ')}: whoever is on the network between can read and change every request and answer, ` +
      'and have certificates signed; at registration also the seed, and the private key a Python CA makes for this RA',
  );
}

function security(settings: ProgramSettings, { caChannelKey }: RaRegistration, keys: RaKeys): ClientSecurity {
  if (settings.zmqMode === 'clear') return { mode: 'clear' };
  if (caChannelKey === null) {
    throw new CannotStart(
      `${new RaFiles(settings.dataDir).path('caChannelKey')} is missing: it is the key by which this RA knows its CA. Restore it from the ` +
        'backup. An RA that was registered in clear mode has none: register it again in curve mode, or set UPKI_ZMQ_MODE=clear',
    );
  }
  return { mode: 'curve', serverKey: caChannelKey, keys: keys.channel };
}

/** The greeting proves the RA's channel key to the CA. Clear mode has no keys, and no greeting. */
function introduction(
  { zmqMode }: ProgramSettings,
  { caChannelKey }: RaRegistration,
  keys: RaKeys,
): Pick<ChannelClientOptions, 'greeting'> {
  if (zmqMode === 'clear' || caChannelKey === null) return {};
  const { publicKey } = keys.channel;
  const proof = introductionProof(keys.channel, caChannelKey);
  return { greeting: { task: 'introduce', params: { public_key: publicKey, proof } } };
}
