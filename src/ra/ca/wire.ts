import { serialFromHex } from '../../channel/serial.js';
import type { OperationsTasks, ParamsIn, Result } from '../../channel/tasks/index.js';
import { present } from '../../lib/present.js';
import type { AcmeProfile, EnrolmentRequest, IssueRequest, KnownAuthority } from '../../model/ca.js';
import type { CaFigures, LateCertificate } from '../../model/ca-figures.js';
import type {
  CertificateDetails,
  CertificatePage,
  CertificateSearch,
  CertificateSummary,
  FoundCertificate,
  ListedCertificate,
} from '../../model/ca-register.js';
import { CHALLENGE_TYPES } from '../../model/facts.js';
import { isForTlsServers, parseCertificate } from '../../x509/certificate.js';
import { wireType } from '../../x509/certificate-names.js';
import { firstFromPem, toPem } from '../../x509/pem.js';
import { KEY_TYPES } from '../../x509/spki.js';

/** Conversions between the types of the model and those of the channel's contract. */

type Params<Name extends keyof OperationsTasks> = ParamsIn<OperationsTasks[Name]>;
type Answer<Name extends keyof OperationsTasks> = Result<OperationsTasks[Name]>;

const isoTime = (time: number): string => new Date(time).toISOString();
const isoOrNone = (time: number | undefined) => (time === undefined ? null : isoTime(time));

export const csrPem = (der: Uint8Array): string => toPem('CERTIFICATE REQUEST', der);

export function issueParams(request: IssueRequest): Params<'acme_issue_certificate'> {
  const { notBefore, notAfter } = request;
  return {
    order_id: request.orderId,
    account_id: request.accountId,
    profile: request.profile,
    identifiers: request.identifiers,
    csr: csrPem(request.csr),
    ...(notBefore !== null && { not_before: isoTime(notBefore) }),
    ...(notAfter !== null && { not_after: isoTime(notAfter) }),
  };
}

export function enrolParams({ requestId, cn, names, profile, csr }: EnrolmentRequest): Params<'enroll'> {
  return {
    request_id: requestId,
    csr: csrPem(csr),
    cn,
    sans: names.map(({ type, value }) => ({ type: wireType(type), value })),
    profile,
  };
}

export function pageParams({ expiresBefore, limit, ...page }: CertificatePage): Params<'list_certificates'> {
  return { brief: true, limit, ...present({ ...page, expires_before: isoOrNone(expiresBefore) }) };
}

export function searchParams(search: CertificateSearch): Params<'search_certificates'> {
  const { limit, expiresBefore, expiresAfter, notRenewed, ...conditions } = search;
  const times = { expires_before: isoOrNone(expiresBefore), expires_after: isoOrNone(expiresAfter) };
  return { brief: true, limit, ...present({ ...conditions, ...times, not_renewed: notRenewed }) };
}

export const serialsParams = (serials: readonly string[]): Params<'search_certificates'> => ({
  brief: true,
  serials: serials.map(serialFromHex),
});

export function detailsOf(wire: Answer<'view'>): CertificateDetails {
  return { ...summaryOf(wire), certificate: wire.certificate };
}

/** A CA before `brief` sends the certificate, and not what it is for. */
export function listedOf(wire: Answer<'list_certificates'>['certificates'][number]): ListedCertificate {
  const { server_auth, certificate = '' } = wire;
  const isForServers = () =>
    certificate !== '' && isForTlsServers(parseCertificate(firstFromPem('CERTIFICATE', certificate)));
  return { ...summaryOf(wire), forServers: server_auth ?? isForServers() };
}

function summaryOf(wire: Omit<Answer<'view'>, 'certificate'>): CertificateSummary {
  const { serial, dn, cn, profile } = wire;
  return {
    ...{ serial, dn, cn, profile },
    state: wire.status,
    notBefore: wire.not_before,
    notAfter: wire.not_after,
    names: wire.sans,
    revokedAt: wire.revoke_date ?? null,
    reason: wire.revoke_reason ?? null,
  };
}

export function foundOf(wire: Answer<'search_certificates'>['certificates'][number]): FoundCertificate {
  const { issued_at: issuedAt, order_id: orderId = null, account_id: accountId = null } = wire;
  return { ...summaryOf(wire), issuedAt, orderId, accountId };
}

export function lateOf(wire: Answer<'list_not_renewed'>['certificates'][number]): LateCertificate {
  const { serial, cn, profile, names, account_id, not_before, not_after } = wire;
  const accountId = account_id ?? null;
  return { serial, cn, profile, names, accountId, notBefore: not_before, notAfter: not_after };
}

export function authorityOf(wire: Answer<'get_authorities'>['authorities'][number]): KnownAuthority {
  const { id, kind, state, certificate, chain, root, first } = wire;
  return {
    ...{ id, kind, state, certificate, chain, root, first },
    of: wire.of ?? null,
    keyId: wire.key_id,
    renewFrom: wire.renew_from ?? null,
    warning: wire.warning ?? null,
  };
}

export function acmeProfileOf(wire: Answer<'list_acme_profiles'>[number]): AcmeProfile {
  const { name, description, max_validity, key_types, challenges } = wire;
  return {
    name,
    description,
    maxValidity: max_validity * 1000,
    // A newer CA may list types that this RA does not know.
    ...(key_types && { keyTypes: KEY_TYPES.filter((type) => key_types.includes(type)) }),
    ...(challenges && { challenges: CHALLENGE_TYPES.filter((type) => challenges.includes(type)) }),
  };
}

export function figuresOf(wire: Answer<'get_figures'>): CaFigures {
  return {
    certificates: wire.certificates,
    ending: wire.ending ?? null,
    notRenewed: wire.not_renewed,
    authorities: wire.authorities.map(({ id, kind, dn, not_before, not_after, in_use }) => ({
      ...{ id, kind, dn, notBefore: not_before, notAfter: not_after, inUse: in_use },
    })),
    crls: wire.crls.map(({ issuer, number, this_update, next_update }) => ({
      ...{ issuer, number, thisUpdate: this_update, nextUpdate: next_update },
    })),
    auditRecords: wire.audit.records,
    auditFault: wire.audit.fault ?? null,
    databaseMs: wire.database_ms,
    diskFree: wire.disk_free ?? null,
    backupAt: wire.backup_at ?? null,
    startedAt: wire.started_at,
    version: wire.version ?? null,
  };
}
