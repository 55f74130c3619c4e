import { DAY, HOUR } from '../lib/time.js';
import type { CaFigures, LateCertificate } from '../model/ca-figures.js';
import type { Finding } from './message.js';

/**
 * Decides what needs a notice. Pure functions from facts and the time to findings, each with a key under which it is
 * announced once.
 */

/** A notice is sent again when this share of the time between "late" and "expired" is left. */
const SHARES = [1, 1 / 2, 1 / 4, 1 / 10, 0];

/** How many shares have been reached; 0: none yet. */
export function stageOf(from: number, end: number, now: number): number {
  if (now < from) return 0;
  const left = Math.max(0, end - now) / Math.max(1, end - from);
  return SHARES.filter((share) => left <= share).length;
}

const day = (time: number) => new Date(time).toISOString().slice(0, 10);
const minute = (time: number) => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** End of the renewal window (RFC 9773 §4.2), as in renewal-info.ts: two thirds of the lifetime plus a sixteenth. */
const windowEnd = ({ notBefore, notAfter }: LateCertificate) =>
  notBefore + ((notAfter - notBefore) * 35) / 48;

export function lateCertificate(certificate: LateCertificate, now: number): Finding | null {
  const { serial, cn, profile, names, notAfter, accountId } = certificate;
  const stage = stageOf(windowEnd(certificate), notAfter, now);
  if (stage === 0) return null;
  const others = names.filter((name) => name !== cn).slice(0, 5);
  const also = others.length > 0 ? ` (${others.join(', ')})` : '';
  const end = notAfter > now ? `expires ${minute(notAfter)}` : `expired ${minute(notAfter)}`;
  return {
    type: 'certificate.not_renewed',
    key: `late ${serial} ${stage}`,
    line: `${cn}${also}, profile ${profile}: ${end} and was not renewed; serial ${serial}`,
    facts: { serial, cn, profile, names, not_after: new Date(notAfter).toISOString() },
    ...(accountId !== null && { accountId }),
  };
}

/** The expiry of a CA certificate is announced in this last part of its lifetime. */
const AUTHORITY_WARNED = 1 / 6;

/** CA certificates in use that expire soon, unless another one of the same kind in use lasts longer. */
export function endingAuthorities({ authorities }: Pick<CaFigures, 'authorities'>, now: number): Finding[] {
  const inUse = authorities.filter((each) => each.inUse);
  return inUse.flatMap(({ id, kind, dn, notBefore, notAfter }) => {
    if (inUse.some((other) => other.kind === kind && other.notAfter > notAfter)) return [];
    const stage = stageOf(notAfter - (notAfter - notBefore) * AUTHORITY_WARNED, notAfter, now);
    if (stage === 0) return [];
    const line = `${kind} "${dn}" ${notAfter > now ? 'expires' : 'expired'} ${day(notAfter)}: make its successor`;
    const facts = { id, kind, dn, not_after: new Date(notAfter).toISOString() };
    return [{ type: 'authority.ending', key: `authority ${id} ${stage}`, line, facts } satisfies Finding];
  });
}

/** A CRL with less than this part of its lifetime left should have been replaced. */
const CRL_LATE = 1 / 6;

export function lateCrls(
  { crls, authorities }: Pick<CaFigures, 'crls' | 'authorities'>,
  now: number,
): Finding[] {
  return crls.flatMap(({ issuer, number, thisUpdate, nextUpdate }) => {
    const authority = authorities.find(({ id }) => id === issuer);
    if (authority !== undefined && authority.notAfter < now) return [];
    if (nextUpdate - now > (nextUpdate - thisUpdate) * CRL_LATE) return [];
    const over = nextUpdate <= now;
    const facts = { issuer, number, next_update: new Date(nextUpdate).toISOString() };
    const line = `CRL ${number} of ${authority?.dn ?? issuer} ${over ? 'expired' : 'expires'} ${minute(nextUpdate)}, and there is no newer one`;
    return [
      {
        type: 'crl.late',
        key: `crl ${issuer} ${number} ${over ? 'over' : 'soon'}`,
        line,
        facts,
      } satisfies Finding,
    ];
  });
}

export function brokenAudit(program: 'ra' | 'ca', fault: string | null): Finding[] {
  if (fault === null) return [];
  const line = `the audit log of the ${program.toUpperCase()} is broken: ${fault}`;
  return [{ type: 'audit.broken', key: `audit ${program} ${fault}`, line, facts: { program, fault } }];
}

/** A disk with fewer free octets is nearly full. */
const DISK_LEAST = 512 * 1024 * 1024;

export function fullDisk(program: 'ra' | 'ca', where: string, free: number | null, now: number): Finding[] {
  if (free === null || free >= DISK_LEAST) return [];
  const line = `the ${program.toUpperCase()}${where && ` on ${where}`} has ${Math.floor(free / 1024 / 1024)} MiB of disk space left`;
  return [{ type: 'disk.full', key: `disk ${program} ${where} ${day(now)}`, line, facts: { program, free } }];
}

export function addedAdministrators(
  administrators: readonly { dn: string; role: string; addedAt: number | null }[],
  since: number,
): Finding[] {
  return administrators.flatMap(({ dn, role, addedAt }) => {
    if (addedAt === null || addedAt < since) return [];
    return {
      type: 'administrator.added' as const,
      key: `administrator ${dn} ${addedAt}`,
      line: `${dn}, role ${role}, added ${minute(addedAt)}`,
      facts: { dn, role, added_at: new Date(addedAt).toISOString() },
    };
  });
}

/** Announced once a day for each limit. */
export function hitLimits(hits: ReadonlyMap<string, number>, now: number): Finding[] {
  return [...hits].map(([limit, count]) => ({
    type: 'limit.hit',
    key: `limit ${limit} ${day(now)}`,
    line: `the limit of ${limit} refused ${count} requests; the log has their clients (docs/limits.md)`,
    facts: { limit, count },
  }));
}

/** An absence is announced after this time, in ms; a restart is shorter. */
const AWAY_AFTER = 5 * 60_000;

/** @param since time of the last answer; null: it answers now */
export function away(what: 'ca' | 'dns', since: number | null, now: number): Finding[] {
  if (since === null || now - since < AWAY_AFTER) return [];
  const type = what === 'ca' ? 'ca.away' : 'dns.silent';
  const name = what === 'ca' ? 'the CA' : 'any DNS server';
  // The key has the hour of the beginning, because replicas do not notice it at the same moment.
  const key = `${what} away ${Math.floor(since / HOUR)}`;
  return [
    {
      type,
      key,
      line: `no answer from ${name} since ${minute(since)}`,
      facts: { since: new Date(since).toISOString() },
    },
  ];
}

/** How long announced keys are stored: longer than a finding can recur. */
export const REMEMBERED = 400 * DAY;

/** In this last part of its lifetime the RA's own certificate should have been renewed already. */
const RA_CERTIFICATE_WARNED = 1 / 6;

export function endingRaCertificate(
  host: string,
  { notBefore, notAfter }: { notBefore: number; notAfter: number },
  now: number,
): Finding[] {
  const stage = stageOf(notAfter - (notAfter - notBefore) * RA_CERTIFICATE_WARNED, notAfter, now);
  if (stage === 0) return [];
  const line = `the certificate of the RA on ${host} ${notAfter > now ? 'expires' : 'expired'} ${minute(notAfter)} and was not renewed`;
  const facts = { host, not_after: new Date(notAfter).toISOString() };
  return [{ type: 'ra_certificate.ending', key: `ra certificate ${host} ${notAfter} ${stage}`, line, facts }];
}

/** A database is damaged and does not recover by itself. Announced once a day. @param why names the database */
export function damagedDatabase(program: 'ra' | 'ca', why: string, now: number): Finding {
  return {
    type: 'database.damaged',
    key: `damaged ${program} ${day(now)}`,
    line: `the ${program.toUpperCase()} says: ${why}`,
    facts: { program, why },
  };
}

/**
 * Announced once a week.
 * @param at time of the last complete backup; null: none is known, and the age counts from `since`
 * @param maxAge in ms; null: backups are not monitored
 */
export function oldBackup(
  program: 'ra' | 'ca',
  { at, since, maxAge }: { at: number | null; since: number; maxAge: number | null },
  now: number,
): Finding[] {
  if (maxAge === null || now - (at ?? since) <= maxAge) return [];
  const last = at === null ? 'no backup is known' : `the last backup was taken ${minute(at)}`;
  return [
    {
      type: 'backup.old',
      key: `backup ${program} ${Math.floor(now / (7 * DAY))}`,
      line: `${last} of the ${program.toUpperCase()}: take one with \`upki backup\``,
      facts: { program, last: at === null ? null : new Date(at).toISOString() },
    },
  ];
}
