import type { OperationsTasks, Result } from '../../channel/tasks/index.js';
import { present } from '../../lib/present.js';
import type { AuthorityRecord, CaStore, CrlHead } from '../../store/contract/ca.js';
import { issuerKeyId, parseCertificate } from '../../x509/certificate.js';
import { formatDn } from '../../x509/name.js';
import { toPem } from '../../x509/pem.js';
import { longerThan, type Profile } from '../issue/profiles.js';
import { activeOf, liveRoots, stateOf, successionTime, warningMark } from './decisions.js';
import type { Member } from './member.js';
import type { AuthoritySet } from './set.js';

type AuthorityView = Result<OperationsTasks['get_authorities']>['authorities'][number];

interface StatusOptions {
  set: AuthoritySet;
  store: CaStore;
  /** The part of an issuer's life after which its successor is made. */
  succeedAt: number;
  /** The profiles it issues by. */
  profiles: Iterable<Profile>;
  now: number;
}

/** Describes the roots, issuers and cross-certificates: their states, expiry and warnings. */
export async function describeSet({
  set,
  store,
  succeedAt,
  profiles,
  now,
}: StatusOptions): Promise<AuthorityView[]> {
  const leaves = [...profiles].filter(({ pathLen }) => pathLen === undefined);
  const active = activeOf(set.members, now);
  const members = await Promise.all(
    set.members.map(async (member) => {
      const [crl, own, lastEnd] = await Promise.all([
        store.getCrlHead(member.tag),
        store.findBySerial(member.certificate.serial),
        store.lastCertificateEnd(member.tag),
      ]);
      const isActiveIssuer = member === active && member.record.kind === 'issuer';
      const warning = warningsOf(member, { active, newest: set.newest, leaves, crl, now });
      return {
        ...base(member.record, member.chainPem.slice(member.pem.length)),
        state: memberState(member, { set, active, lastEnd, now }),
        key: member.signer === null ? ('elsewhere' as const) : ('here' as const),
        ...(crl && { crl: { number: crl.number, next_update: crl.nextUpdate } }),
        ...(own?.revokedAt && { revoked: own.revokedAt }),
        ...(lastEnd !== null && { last_certificate_end: lastEnd }),
        ...(isActiveIssuer && { successor_due: successionTime(member.certificate, succeedAt) }),
        ...(warning !== '' && { warning }),
      };
    }),
  );
  const crosses = set.crosses.map((record) => ({
    ...base(record, ''),
    state: parseCertificate(record.certificate).notAfter < now ? ('ended' as const) : ('active' as const),
    key: 'elsewhere' as const,
  }));
  return [...members, ...crosses];
}

function base(record: AuthorityRecord, chain: string) {
  const certificate = parseCertificate(record.certificate);
  return {
    id: record.id,
    kind: record.kind,
    dn: formatDn(certificate.subject),
    not_before: certificate.notBefore,
    not_after: certificate.notAfter,
    certificate: toPem('CERTIFICATE', record.certificate),
    chain,
    root: record.root,
    first: record.tag === '' && record.kind !== 'cross',
    key_id: issuerKeyId(certificate),
    ...present({ of: record.of, renew_from: record.renewFrom }),
  };
}

function memberState(
  member: Member,
  {
    set,
    active,
    lastEnd,
    now,
  }: { set: AuthoritySet; active: Member | null; lastEnd: number | null; now: number },
): AuthorityView['state'] {
  if (member.record.kind !== 'root') return stateOf(member, active, lastEnd, now);
  if (now > member.certificate.notAfter) return 'ended';
  if (member.record.retiredAt !== null) return 'retired';
  const [used] = liveRoots(set.members);
  if (member === used) return 'active';
  return member.record.usedFrom === null ? 'next' : 'retiring';
}

/** The faults that keep the CA from issuing, as sentences for operators; empty if there are none. */
export function troublesOf(set: AuthoritySet, now: number): string[] {
  const newest = set.newest;
  if (newest === null) return ['this CA has no issuer'];
  if (activeOf(set.members, now) === null) {
    const { notBefore } = newest.certificate;
    if (now >= notBefore) return [endWarning(newest, now) ?? 'no issuer of this CA is valid now'];
    return [
      `${nameOf(newest)} is not valid before ${new Date(notBefore).toISOString()}, and the clock of the CA says ` +
        `${new Date(now).toISOString()}: nothing can be issued until it is right`,
    ];
  }
  const root = set.rootOf(newest);
  return root !== null && now > root.certificate.notAfter ? [endWarning(root, now) ?? ''] : [];
}

interface WarningFacts {
  active: Member | null;
  newest: Member | null;
  /** The profiles of end-entity certificates. */
  leaves: readonly Profile[];
  crl: CrlHead | null;
  now: number;
}

/** The warnings about an authority in use, joined; empty if there are none. An issuer that has a successor ends silently. */
function warningsOf(member: Member, { active, newest, leaves, crl, now }: WarningFacts): string {
  const inUse =
    member === (active ?? newest) || (member.record.kind === 'root' && member.record.retiredAt === null);
  const warnings = inUse ? [endWarning(member, now), crlWarning(member, crl, now)] : [];
  if (member === active) warnings.push(shorteningWarning(member, leaves, now));
  return warnings.filter((each) => each !== null).join('; ');
}

/** A warning when certificates are shortened, because no certificate outlives its issuer; null when none is. */
function shorteningWarning(
  { id, certificate: { notAfter } }: Member,
  leaves: readonly Profile[],
  now: number,
): string | null {
  const named = longerThan(notAfter - now, leaves);
  if (named === '' || now > notAfter) return null;
  return `certificates of these profiles end with the issuer ${id}, on ${new Date(notAfter).toISOString()}, sooner than they say: ${named}`;
}

/** A warning about a CRL that must be renewed elsewhere, 90 days before it expires; null earlier, or if it is renewed here. */
export function crlWarning(member: Member, crl: CrlHead | null, now: number): string | null {
  if (crl === null || member.signer !== null) return null;
  const mark = warningMark(crl.nextUpdate, now);
  if (mark === null || mark > 90) return null;
  const name = `the CRL of the ${member.record.kind} "${formatDn(member.certificate.subject)}" (${member.id})`;
  const end = new Date(crl.nextUpdate).toISOString();
  const remedy = 'have a fresh one signed where the key is (upki ca root sign), then upki ca install';
  if (now > crl.nextUpdate)
    return `${name} ended on ${end}, and who checks it refuses everything below that root: ${remedy}`;
  return `${name} ends on ${end}, in less than ${mark} days: ${remedy}`;
}

/** A warning for an authority that ends within a year; null when none is needed. */
export function endWarning(member: Member, now: number): string | null {
  const { notAfter } = member.certificate;
  const mark = warningMark(notAfter, now);
  if (mark === null) return null;
  const name = nameOf(member);
  const end = new Date(notAfter).toISOString();
  const isRoot = member.record.kind === 'root' && member.tag !== '';
  if (now > notAfter) {
    const mend = isRoot
      ? ''
      : '. Run upki ca rollover issuer, with the key of the root (ca.key) put back into the folder of the CA or for a request that the root signs elsewhere; what waits is issued then';
    return `${name} ended on ${end}: nothing can be issued under it${mend}`;
  }
  const what = isRoot
    ? 'make another with upki ca rollover root, and give it to those who trust this one'
    : 'a successor is made by itself while the key of its root is here; else upki ca rollover issuer makes a request for the root to sign';
  return `${name} ends on ${end}, in less than ${mark === 365 ? 'a year' : `${mark} days`}: ${what}`;
}

const nameOf = ({ record, certificate, id }: Member): string =>
  `the ${record.kind} "${formatDn(certificate.subject)}" (${id})`;
