import type { Logger } from 'pino';
import type { ChannelClientOptions, ClientSecurity } from '../channel/client.js';
import { FailoverChannel } from '../channel/failover.js';
import { introductionProof } from '../channel/introduction.js';
import { operations } from '../channel/tasks/index.js';
import { TaskClient } from '../channel/typed-client.js';
import type { CaAdministration } from '../ra/ca-administration.js';
import type { CertificateAuthority, CertificateRenewals } from '../ra/certificate-authority.js';
import type { CertificateRegister } from '../ra/certificate-register.js';
import type { CertificateStatus } from '../ra/certificate-status.js';
import { ChannelAdministration } from '../ra/channel-administration.js';
import { ChannelCa } from '../ra/channel-ca.js';
import { ChannelRegister } from '../ra/channel-register.js';
import { ChannelStatus } from '../ra/channel-status.js';
import { CannotStart } from './exit.js';
import type { RaKeys, RaRegistration } from './ra-files.js';
import { tcp } from './ra-registration.js';
import type { ProgramSettings } from './settings.js';

export interface CaConnection {
  /** The CA as the RA's service knows it. */
  ca: CertificateAuthority & CertificateRenewals;
  register: CertificateRegister;
  administration: CaAdministration;
  status: CertificateStatus;
  /** Every task of the operations socket. */
  tasks: TaskClient<typeof operations>;
  close(): void;
}

/** Connects a registered RA to the CA's operations socket; a connection that is lost comes back by itself. */
export function connectToCa(
  settings: ProgramSettings,
  registration: RaRegistration,
  keys: RaKeys,
  log: Logger,
): CaConnection {
  const channel = new FailoverChannel({
    endpoints: settings.caHost.map(({ host, port }) => tcp(host, port ?? settings.caPort)),
    security: security(settings, registration, keys),
    timeout: settings.zmqTimeout,
    ...introduction(settings, registration, keys),
    onState: (state, endpoint) => {
      if (state === 'refused') log.error({ endpoint }, 'the CA does not admit this RA: register it again');
      else
        log.info({ endpoint }, state === 'connected' ? 'connected to the CA' : 'the CA is away; connecting');
    },
  });
  const tasks = new TaskClient(operations, channel);
  return {
    ca: new ChannelCa({ client: tasks }),
    register: new ChannelRegister(tasks),
    administration: new ChannelAdministration(tasks),
    status: new ChannelStatus(tasks),
    tasks,
    close: () => channel.close(),
  };
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
