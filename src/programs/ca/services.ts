import type { AuthoritySet } from '../../ca/authorities/set.js';
import { FiguresWatch } from '../../ca/figures.js';
import type { CaFiles } from '../../ca/folder/load.js';
import { Certifier } from '../../ca/issue/certifier.js';
import { NodeIssuer } from '../../ca/issue/keys-made-here.js';
import { OrderIssuer } from '../../ca/issue/orders.js';
import { Reissuer } from '../../ca/issue/reissue.js';
import { OcspResponder } from '../../ca/ocsp/responder.js';
import { OcspSigners } from '../../ca/ocsp/signers.js';
import { Administrators } from '../../ca/peers/administrators.js';
import { ChannelCallers } from '../../ca/peers/callers.js';
import type { RegisteredPeers } from '../../ca/peers/registered-peers.js';
import { UnknownCertificates } from '../../ca/restored.js';
import { Crls } from '../../ca/revoke/crls.js';
import { Revocation } from '../../ca/revoke/revocation.js';
import type { CaServices } from '../../ca/tasks/index.js';
import { randomOctets } from '../../lib/random.js';
import type { CaStore } from '../../store/index.js';
import { nodeSecretOf } from './node-secret.js';
import { type CaOptions, SUCCEED_AT } from './options.js';

/** Assembles the services behind the tasks of the channel. The profiles are read later. */
export function buildServices(
  options: CaOptions,
  files: CaFiles,
  store: CaStore,
  peers: RegisteredPeers,
  set: AuthoritySet,
  { restored, behind }: { restored: boolean; behind(): string | null },
): { services: CaServices; signers: OcspSigners } {
  const { log, clock = Date.now, crlValidity: validity, passphrase, dataDir } = options;
  const certifier = new Certifier({ store, set, profiles: new Map(), clock, random: randomOctets });
  const crls = new Crls({ store, set, validity, clock, log });
  const place = options.places?.ocsp ?? null;
  const signers = new OcspSigners({ certifier, dataDir, passphrase, place, log });
  const unknown = new UnknownCertificates(log);
  const ocsp = new OcspResponder({
    store,
    issuers: () => set.members,
    lookAgain: () => set.reload(),
    signer: (id) => signers.of(set.byId(id) ?? set.active),
    validity: options.ocspValidity,
    clock,
    log,
    ...(restored && { onUnknown: (serial: string) => unknown.asked(serial) }),
  });
  const revocation = new Revocation({ certifier, crls, peers, log });
  const services = {
    certifier,
    crls,
    ocsp,
    peers,
    callers: new ChannelCallers(store, files.channel, options.mode),
    orders: new OrderIssuer(certifier),
    nodes: new NodeIssuer(certifier, files.privateKeys, passphrase),
    reissuer: new Reissuer(certifier),
    revocation,
    administrators: new Administrators({ store, clock, revocation }),
    adminsByRa: options.adminsByRa,
    seed: files.seed,
    succeedAt: options.succeedAt ?? SUCCEED_AT,
    nodeSecret: options.mode === 'clear' ? null : nodeSecretOf(files.channel.secretKey),
    figures: new FiguresWatch(store, clock, log),
    dataDir: options.dataDir,
    behind,
  };
  return { services, signers };
}
