import { ErrorCode, TaskError } from '../../channel/errors.js';
import type { Handlers } from '../../channel/tasks/index.js';
import { FIRST, type pkiTasks } from '../../channel/tasks/pki.js';
import { present } from '../../lib/present.js';
import { Turns } from '../../lib/turns.js';
import type { StoredCrl } from '../../store/contract/ca.js';
import { isAcmeProfile, toWireProfile } from '../issue/profiles.js';
import { readCertificate } from '../issue/requests.js';
import { certificateNotFound, findCertificate } from '../lookup.js';
import { caOptionsOf } from '../options.js';
import type { CrlPublisher } from '../revoke/crl-publisher.js';
import { revocationOf, statusOf } from './certificates.js';
import { type CaServices, done, pingStore } from './context.js';

const SECONDS_A_DAY = 86_400;
/** Octets of a CRL in one message of base64: they take each event loop about a millisecond. */
const CRL_PART = 192 * 1024;
/** The same in a frame of octets, which costs a copy. */
const CRL_FRAME = 1024 * 1024;

/**
 * The publisher of an authority by its id, of the first issuer, or of the issuer in use. An authority that
 * another process has just added is read from the store.
 * @throws TaskError, StoreUnavailable
 */
async function publisherOf(
  { certifier, crls }: CaServices,
  issuer: string | undefined,
): Promise<CrlPublisher> {
  if (issuer === undefined) return crls.active;
  const id = issuer === FIRST ? certifier.set.byTag('')?.id : issuer;
  const known = id === undefined ? null : await crls.find(id);
  if (known !== null) return known;
  throw new TaskError(ErrorCode.certificate, `There is no issuer ${issuer}`, 'notFound');
}

/** Tasks for the CA itself: its profiles, CRLs and options, and revocation. */
export function pkiHandlers(services: CaServices): Handlers<typeof pkiTasks> {
  const { certifier, crls, ocsp, revocation, callers } = services;
  const { store } = certifier;
  /** A part takes a millisecond, and the requests for several may arrive in one turn. */
  const turns = new Turns();
  const base64 = ({ der }: StoredCrl) => Buffer.from(der).toString('base64');
  return {
    ping: done(() => pingStore(store)),
    get_ca: async () => {
      await certifier.set.fresh();
      return certifier.rootPem;
    },
    get_ca_chain: async () => {
      await certifier.set.fresh();
      return { root: certifier.rootPem, chain: certifier.chainPem };
    },
    get_node_secret: () => {
      const { nodeSecret } = services;
      if (nodeSecret === null)
        throw new TaskError(ErrorCode.communication, 'No secret is given in clear mode');
      return { secret: Buffer.from(nodeSecret).toString('base64') };
    },
    get_crl: async ({ issuer }) => base64(await (await publisherOf(services, issuer)).current()),
    get_crl_part: async ({ offset, number: wanted, unless, issuer, octets }) => {
      const crl = await publisherOf(services, issuer);
      const kept = wanted === undefined ? null : crl.kept(wanted);
      const { number, der } = kept ?? (await crl.current());
      if (number === unless) return { number, size: der.length, part: '' };
      if (octets) return { number, size: der.length, part: der.subarray(offset, offset + CRL_FRAME) };
      await turns.next();
      const part = der.subarray(offset, offset + CRL_PART);
      return { number, size: der.length, part: Buffer.from(part).toString('base64') };
    },
    generate_crl: async () => base64(await crls.active.publishInFull()),
    get_options: async () => caOptionsOf(certifier, await crls.active.current(), crls.validity),
    list_profiles: () => [...certifier.profiles.keys()],
    get_profile: ({ profile }) => toWireProfile(certifier.profile(profile)),
    list_acme_profiles: () =>
      [...certifier.profiles.values()].filter(isAcmeProfile).map((profile) => ({
        name: profile.name,
        description: profile.description,
        max_validity: Math.round(profile.duration * SECONDS_A_DAY),
        ...present({ key_types: profile.keyTypes, challenges: profile.challenges }),
      })),
    revoke: done(async ({ dn, reason }, connection) =>
      revocation.revoke(await findCertificate(store, dn), reason, callers.of(connection)),
    ),
    revoke_serial: async ({ serial, reason }, connection) => {
      const certificate = await store.findBySerial(serial);
      if (certificate === null) throw certificateNotFound(serial);
      return revocation.revoke(certificate, reason, callers.of(connection));
    },
    revoke_certificate: async ({ certificate, reason }, connection) => {
      const by = callers.of(connection);
      return revocation.revoke(await certifier.recordOf(readCertificate(certificate), by), reason, by);
    },
    list_compromised_keys: async (page) => {
      const { items, next } = await store.listCompromisedKeys(page);
      return { keys: items, next };
    },
    unrevoke: done(async ({ dn }, connection) =>
      revocation.unrevoke(await findCertificate(store, dn), callers.of(connection)),
    ),
    delete: done(async ({ dn }, connection) =>
      revocation.delete(await findCertificate(store, dn), callers.of(connection)),
    ),
    ocsp_respond: async ({ request }) => {
      const { response, fresh } = await ocsp.respond(Buffer.from(request, 'base64'));
      const times = fresh && { this_update: fresh.thisUpdate, next_update: fresh.nextUpdate };
      return { response: response.toString('base64'), ...times };
    },
    ocsp_check: async ({ cert, serial: asked }) => {
      const shown = cert === undefined ? null : readCertificate(cert);
      const serial = shown?.serial ?? asked;
      if (serial === undefined) throw new TaskError(ErrorCode.communication, 'Missing cert parameter');
      const record = await store.findBySerial(serial);
      // RFC 6960 §2.2: a certificate that this CA did not issue is unknown, even with a serial of this CA.
      if (record === null || (shown !== null && !certifier.isOf(record, shown))) {
        return { status: 'unknown' as const, serial, cn: shown?.commonName ?? '' };
      }
      return {
        status: statusOf(record, certifier.clock()),
        serial,
        cn: record.cn,
        ...revocationOf(record),
      };
    },
  };
}
