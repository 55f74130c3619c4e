import { ErrorCode, TaskError } from '../../channel/errors.js';
import { reasonName } from '../../channel/reasons.js';
import type { certificateTasks } from '../../channel/tasks/certificates.js';
import type { Handlers, OperationsTasks, Params, Result } from '../../channel/tasks/index.js';
import { present } from '../../lib/present.js';
import { DAY } from '../../lib/time.js';
import type { CaStore, CertificateRecord } from '../../store/contract/ca.js';
import { isForTlsServers, issuerKeyId, parseCertificate } from '../../x509/certificate.js';
import { calledName } from '../../x509/certificate-names.js';
import { DerError } from '../../x509/der-error.js';
import { attributeOf, readDn, sameDn } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { parsePublicKey } from '../../x509/spki.js';
import type { Entitlement } from '../issue/entitlement.js';
import type { NodeRequest } from '../issue/keys-made-here.js';
import { namesOfRequest } from '../issue/names.js';
import { namesOf, refuseRevoked } from '../issue/reissue.js';
import { readRequest } from '../issue/requests.js';
import { certificateNotFound, findCertificate } from '../lookup.js';
import { type CaServices, certificateFile, checkSeed } from './context.js';

/** Tasks that issue certificates or describe them. */
export function certificateHandlers(services: CaServices): Handlers<typeof certificateTasks> {
  const { certifier, nodes, reissuer, callers, seed } = services;
  const issued = (record: CertificateRecord) => ({
    certificate: certificateFile(certifier, record),
    serial: record.serial,
  });
  const generate = async (request: NodeRequest, connection: string, entitlement: Entitlement) => {
    const { certificate } = await nodes.generate(request, callers.of(connection), entitlement);
    return { dn: `/CN=${certificate.cn}`, ...issued(certificate) };
  };
  return {
    register: (params, connection) => {
      checkSeed(params.seed, seed);
      return generate(params, connection, { ra: params.cn });
    },
    generate: async (params, connection) =>
      generate(params, connection, await callers.entitlementOf(connection, params.cn)),
    sign: async ({ csr, profile: name }, connection) => {
      const profile = certifier.leafProfile(name);
      const request = readRequest(csr);
      const names = namesOfRequest(profile, request);
      const { publicKey } = request;
      const entitlement = await callers.entitlementOf(connection, calledName(names));
      const by = callers.of(connection);
      const { certificate } = await certifier.issue({ profile, publicKey, names, by, entitlement });
      const key = callers.keyOf(connection);
      if (profile.name === 'ra' && key !== null) {
        await certifier.store.addPeerCertificate(key, certificate.serial);
      }
      return issued(certificate);
    },
    renew: async ({ dn, duration }, connection) => {
      const old = await findCertificate(certifier.store, dn);
      const entitlement = await callers.entitlementOf(connection, old.cn);
      const by = callers.of(connection);
      const request = { ...renewal(services, old, duration), by, entitlement };
      return issued((await certifier.issue(request)).certificate);
    },
    reissue: async ({ serial, csr }, connection) => {
      const old = await certifier.store.findBySerial(serial);
      if (old === null) throw certificateNotFound(serial);
      const entitlement = await callers.entitlementOf(connection, old.cn);
      const { publicKey } = readRequest(csr);
      return issued(await reissuer.reissue(old, publicKey, callers.of(connection), entitlement));
    },
    view: async ({ dn }) => details(await findCertificate(certifier.store, dn), services),
    certificate_history: async ({ cn, limit }) => {
      const records = await certifier.store.listByCn(cn, limit);
      return records.map((record) => details(record, services));
    },
    list_certificates: async ({ limit, after, state, cn, expires_before: expiresBefore, brief }) => {
      const page = await certifier.store.listCertificates({
        after: after ?? null,
        limit,
        now: certifier.clock(),
        filter: present({ state, cn, expiresBefore }),
      });
      const listed = (record: CertificateRecord) =>
        brief
          ? { ...summary(record, certifier.clock()), server_auth: isServers(record) }
          : details(record, services);
      return { certificates: page.items.map(listed), next: page.next };
    },
    search_certificates: (params) => search(services, params),
  };
}

/** The tags of the authorities with this id, common name, DN (in either notation) or key identifier. */
async function issuersNamed(asked: string, store: Pick<CaStore, 'listAuthorities'>): Promise<string[]> {
  const hex = asked.replaceAll(':', '').toLowerCase();
  // A bare common name is no DN.
  const wanted = asked.includes('=') ? readDn(asked) : null;
  const named = (await store.listAuthorities()).filter(({ id, certificate }) => {
    const parsed = parseCertificate(certificate);
    if (id === hex || issuerKeyId(parsed) === hex) return true;
    if (wanted === null) return attributeOf(parsed.subject, OID.commonName) === asked;
    return sameDn(parsed.subject, wanted);
  });
  return [...new Set(named.map(({ tag }) => tag))];
}

type Search = Params<OperationsTasks['search_certificates']>;

async function search(
  services: CaServices,
  params: Search,
): Promise<Result<OperationsTasks['search_certificates']>> {
  const { store, clock } = services.certifier;
  const found = (record: CertificateRecord) => ({
    ...(params.brief ? summary(record, clock()) : details(record, services)),
    issued_at: record.issuedAt,
    ...present({ order_id: record.orderId, account_id: record.accountId }),
  });
  if (params.serials !== undefined) {
    const records = await Promise.all(params.serials.map((serial) => store.findBySerial(serial)));
    return { certificates: records.filter((record) => record !== null).map(found), next: null };
  }
  const { limit, after = null, not_renewed: notRenewed } = params;
  const { name, account, profile, state } = params;
  const times = { expiresBefore: params.expires_before, expiresAfter: params.expires_after };
  const query = {
    ...present({ name, account, profile, state, ...times }),
    ...(notRenewed && { notRenewed }),
  };
  try {
    const issuers = params.issuer === undefined ? null : await issuersNamed(params.issuer, store);
    if (issuers?.length === 0) return { certificates: [], next: null };
    const asked = { ...query, ...(issuers && { issuers }) };
    const page = await store.searchCertificates({ after, limit, now: clock(), query: asked });
    return { certificates: page.items.map(found), next: page.next };
  } catch (error) {
    if (error instanceof RangeError)
      throw new TaskError(ErrorCode.validation, `Invalid after parameter: ${error.message}`);
    throw error;
  }
}

/** An issuance with the key, names and profile of `old`, valid for `days` within the profile's lifetime. */
function renewal({ certifier }: CaServices, old: CertificateRecord, days: number | undefined) {
  refuseRevoked(old);
  const names = namesOf(certifier.intact(old));
  return {
    profile: certifier.leafProfile(old.profile),
    publicKey: parsePublicKey(parseCertificate(old.der).spki),
    names,
    notAfter: days === undefined ? null : certifier.clock() + days * DAY,
  };
}

/** Whether it is for TLS servers; false where its DER is damaged, which is not listed for the public. */
function isServers({ der }: CertificateRecord): boolean {
  try {
    return der.length > 0 && isForTlsServers(parseCertificate(der));
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}

function details(record: CertificateRecord, { certifier }: CaServices): Result<OperationsTasks['view']> {
  return { ...summary(record, certifier.clock()), certificate: certifier.pemOf(record) };
}

/** What the columns tell: the certificate itself is neither verified nor sent. */
function summary(
  record: CertificateRecord,
  now: number,
): Omit<Result<OperationsTasks['view']>, 'certificate'> {
  return {
    dn: record.dn || `/CN=${record.cn}`,
    cn: record.cn,
    serial: record.serial,
    profile: record.profile,
    status: statusOf(record, now),
    not_before: record.notBefore,
    not_after: record.notAfter,
    sans: record.identifiers.map(({ type, value }) => ({ type: type.toUpperCase(), value })),
    ...revocationOf(record),
  };
}

/** A revoked certificate stays revoked when it expires. */
export function statusOf(record: CertificateRecord, now: number): 'good' | 'revoked' | 'expired' {
  if (record.revokedAt !== null) return 'revoked';
  return record.notAfter < now ? 'expired' : 'good';
}

export function revocationOf(record: CertificateRecord): { revoke_reason?: string; revoke_date?: number } {
  if (record.revokedAt === null) return {};
  return { revoke_reason: reasonName(record.reason ?? 0) ?? 'unspecified', revoke_date: record.revokedAt };
}
