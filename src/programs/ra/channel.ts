import type { Logger } from 'pino';
import type { ChannelClientOptions, ClientSecurity } from '../../channel/client.js';
import { FailoverChannel } from '../../channel/failover.js';
import { introductionProof } from '../../channel/introduction.js';
import { isLoopback } from '../../channel/loopback.js';
import { operations } from '../../channel/tasks/index.js';
import { TaskClient } from '../../channel/typed-client.js';
import { CaUnavailable, type CertificateAuthority, type NodeCertificates } from '../../model/ca.js';
import type { CaWatch } from '../../model/ca-figures.js';
import type { CertificateRegister } from '../../model/ca-register.js';
import type { CertificateStatus } from '../../model/ca-status.js';
import { CaDialect, type Dialect } from '../../python/ca-dialect.js';
import { CaTasks } from '../../python/ca-tasks.js';
import { ClearCa } from '../../python/clear-ca.js';
import { PythonCa } from '../../python/python-ca.js';
import { type OwnRecords, PythonTasks } from '../../python/python-tasks.js';
import { pythonOperations } from '../../python/wire.js';
import type { CaAdministration } from '../../ra/ca/administration.js';
import { ChannelAdministration } from '../../ra/ca/channel-administration.js';
import { ChannelCa } from '../../ra/ca/channel-ca.js';
import { ChannelRegister } from '../../ra/ca/channel-register.js';
import { ChannelStatus } from '../../ra/ca/channel-status.js';
import { ChannelWatch } from '../../ra/ca/channel-watch.js';
import { CompromisedKeys } from '../../ra/ca/compromised-keys.js';
import { CannotStart } from '../exit.js';
import type { ProgramSettings } from '../settings.js';
import type { RaKeys, RaRegistration } from './files.js';
import { tcp } from './registration.js';
import { watchRevocationUrls } from './unrevocable.js';

export interface CaConnection {
  /** The CA as the RA's service knows it. */
  ca: CertificateAuthority & NodeCertificates;
  register: CertificateRegister;
  administration: CaAdministration;
  status: CertificateStatus;
  /** Not asked for before its `start`. */
  compromised: CompromisedKeys;
  watch: CaWatch;
  /** Every task of the operations socket; what the CA cannot do is CaLacksTask. */
  tasks: CaTasks;
  /** Which CA answers. @throws CaUnavailable while that is not known */
  dialect(): Promise<Dialect>;
  close(): void;
}

/** For commands that need none. */
const NO_RECORDS: OwnRecords = {
  findCertificateBySerial: async () => null,
  getOrder: async () => null,
};

/**
 * Connects a registered RA to the CA's operations socket; a connection that is lost comes back by itself.
 * @param records the RA's own certificates, from which it knows what a Python CA does not
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
    endpoints: settings.caHost.map(({ host, port }) => tcp(host, port ?? settings.caPort)),
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
  const client = new TaskClient(operations, channel);
  const dialect = new CaDialect(client);
  const compromised = new CompromisedKeys({
    client,
    onError: (error) => {
      if (!(error instanceof CaUnavailable))
        log.warn({ err: error }, 'the CA does not tell which keys are compromised');
    },
  });
  const upki = new ChannelCa({
    client,
    onCompromise: () => compromised.refresh().catch(() => undefined),
    onIssued: watchRevocationUrls((sentence) => log.warn(sentence), Date.now),
  });
  const connection = (ca: CaConnection['ca'], tasks: CaTasks, which: CaConnection['dialect']) => ({
    ca,
    register: new ChannelRegister(tasks),
    administration: new ChannelAdministration(tasks),
    status: new ChannelStatus(tasks),
    watch: new ChannelWatch(tasks),
    tasks,
    compromised,
    dialect: which,
    close: () => {
      compromised.stop();
      channel.close();
    },
  });
  if (settings.zmqMode === 'curve') return connection(upki, new CaTasks(channel, null), async () => 'upki');
  const python = new PythonCa({ client: new TaskClient(pythonOperations, channel), records, log });
  const tasks = new PythonTasks(records, () => python.crl(), Date.now);
  return connection(new ClearCa(dialect, { upki, python }), new CaTasks(channel, { dialect, tasks }), () =>
    dialect.get(),
  );
}

/** Says what is exposed, when anything is. */
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
      'this RA was registered in clear mode and has no key of the CA: register it again in curve mode, or set UPKI_ZMQ_MODE=clear',
    );
  }
  return { mode: 'curve', serverKey: caChannelKey, keys: keys.channel };
}

/** In clear mode nobody can prove who asks. */
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
