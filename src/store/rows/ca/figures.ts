import { DAY, HOUR } from '../../../lib/time.js';
import type { CertificateCount, NotRenewed } from '../../contract/ca/figures.js';
import { all, get, type SharedOperations } from '../shared.js';
import { isRenewed, type Renewable } from './successors.js';

/** Counts and certificates that were not renewed, by rows. */
export interface FigureOperations {
  countCertificates(now: number): CountRow[];
  countEnding(from: number, to: number): number;
  countNotRenewed(now: number): [profile: string, count: number][];
  listNotRenewed(after: string, limit: number, now: number): NotRenewedRow[];
  findNotRenewed(now: number, limit: number): number;
  recheckNotRenewed(now: number, limit: number): number;
  foldCounts(now: number): void;
}

type CountRow = [profile: string, state: CertificateCount['state'], count: number];

type NotRenewedRow = [
  serial: string,
  cn: string,
  profile: string,
  accountId: string | null,
  identifiers: string,
  notBefore: number,
  notAfter: number,
];

const NOT_RENEWED = 'c.serial, c.cn, c.profile, c.account_id, c.identifiers, c.not_before, c.not_after';

export function notRenewedFromRow(row: NotRenewedRow): NotRenewed {
  const [serial, cn, profile, accountId, identifiers, notBefore, notAfter] = row;
  return { serial, cn, profile, accountId, identifiers: JSON.parse(identifiers), notBefore, notAfter };
}

/** Hours that ended this long ago are added up to their day: late enough that a wrong clock does no harm. */
export const FOLDED_AFTER = 48;
/** The counts that are added up, before an hour; and the hour they are then under. */
export const FOLDED = '(hour % 24 <> 23 OR slot <> 0) AND hour';
export const FOLDED_TO = 'hour / 24 * 24 + 23';

/**
 * When the renewal window of a certificate is over: two thirds of its life and a sixteenth (see ra/renewal-info.ts).
 * The text is that of the index `certificates_by_window`.
 */
export const WINDOW_END = 'not_before + (not_after - not_before) * 35 / 48';

/** The facts a certificate is judged by, with the end of its window before them. */
export type WindowRow = [
  windowEnd: number,
  notAfter: number,
  serial: string,
  cn: string,
  identifiers: string,
  profile: string,
  revokedAt: number | null,
  deletedAt: number | null,
];

export const WINDOW_FACTS = `${WINDOW_END}, not_after, serial, cn, identifiers, profile, revoked_at, deleted_at`;

export const renewable = ([, notAfter, serial, cn, identifiers]: WindowRow): Renewable => ({
  ...{ serial, notAfter, cn, identifiers },
});

/** How long a certificate is reported after its end. */
const KEPT_AFTER_END = 7 * DAY;

/** Whether it may be one that was not renewed: then later certificates decide. */
export function mayMatter([, notAfter, , , , , revokedAt, deletedAt]: WindowRow, now: number): boolean {
  return revokedAt === null && deletedAt === null && notAfter > now - KEPT_AFTER_END;
}

/** @param later names of certificates that end later, see `isRenewed` */
export function isNotRenewed(row: WindowRow, later: readonly string[], now: number): boolean {
  return mayMatter(row, now) && !isRenewed(renewable(row), later);
}

/** The end and the time of the last check. */
type WindowCursor = [windowEnd: number, serial: string, at: number];

/** The name of the setting that keeps it, and that of the looks at those found. */
export const CURSOR = 'not renewed: looked up to';
export const RECHECK_CURSOR = 'not renewed: looked again up to';

/** Replicas' clocks differ by less. */
const CLOCK_SKEW = HOUR;

/**
 * Where to continue; from the start when the clock was ahead at the last look, because its verdicts were
 * wrong.
 */
export function windowCursor(text: string | null, now: number): [windowEnd: number, serial: string] {
  const [windowEnd, serial, at]: WindowCursor = JSON.parse(text ?? 'null') ?? [
    Number.MIN_SAFE_INTEGER,
    '',
    0,
  ];
  return at > now + CLOCK_SKEW ? [Number.MIN_SAFE_INTEGER, ''] : [windowEnd, serial];
}

export function cursorAfter([windowEnd, , serial]: WindowRow, now: number): string {
  return JSON.stringify([windowEnd, serial, now] satisfies WindowCursor);
}

export const shared = {
  reads: {
    countCertificates: (now) =>
      all<CountRow>(
        `SELECT profile, CASE WHEN revoked = 1 THEN 'revoked' WHEN hour < $1 THEN 'expired' ELSE 'good' END AS state,
                CAST(sum(count) AS BIGINT)
         FROM certificate_counts GROUP BY 1, 2`,
        Math.floor(now / HOUR),
      ),

    *countEnding(from, to) {
      const counted = yield* get<[count: number]>(
        `SELECT CAST(coalesce(sum(count), 0) AS BIGINT) FROM certificate_counts
         WHERE revoked = 0 AND hour >= $1 AND hour < $2`,
        Math.floor(from / HOUR),
        Math.floor(to / HOUR),
      );
      return counted?.[0] ?? 0;
    },

    countNotRenewed: (now) =>
      all<[profile: string, count: number]>(
        'SELECT profile, count(*) FROM not_renewed WHERE window_end <= $1 GROUP BY profile',
        now,
      ),

    listNotRenewed: (after, limit, now) =>
      all<NotRenewedRow>(
        `SELECT ${NOT_RENEWED} FROM not_renewed n JOIN certificates c ON c.serial = n.serial
         WHERE n.serial > $1 AND n.window_end <= $2 AND c.not_after > $3 AND c.revoked_at IS NULL
         ORDER BY n.serial LIMIT $4`,
        after,
        now,
        now - KEPT_AFTER_END,
        limit,
      ),
  },
  writes: {},
} satisfies SharedOperations<FigureOperations>;
