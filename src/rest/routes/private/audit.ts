import { z } from 'zod';
import { Refused } from '../../../model/refusal.js';
import type { AuditReader } from '../../../ra/audit-reader.js';
import { pageOf, pageQuery, text } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

const position = z.object({ chain: z.number().int(), sequence: z.number().int() });
type Position = z.output<typeof position>;

/** The RA's audit log. The CA has its own audit log, on its machine. */
export function auditRoutes(audit: Pick<AuditReader, 'newest' | 'ends' | 'cuts'>): Route[] {
  return [
    privateRoute('GET', '/private/audit', 'auditor', {
      summary:
        'What was done through the RA and what was refused, newest first, with what the hashes are computed of: each is SHA-256 over ' +
        'the hash before it in its chain and `chain:sequence:entry`.',
      query: pageQuery.extend({
        cursor: text('`next` of the page before', 1024).optional(),
        chain: z.coerce.number().int().min(0).max(999).optional().describe('Of this chain alone'),
      }),
      result: pageOf({
        records: z.array(
          position.extend({
            entry: z
              .string()
              .describe('JSON with at, who, from, action, outcome and details, as it was hashed'),
            hash: z.string().describe('SHA-256, lower-case hex'),
          }),
        ),
      }),
      async handle({ query: { limit, cursor, chain } }) {
        const from = cursor === undefined ? await audit.ends() : readCursor(cursor);
        const wanted = chain === undefined ? from : from.filter((each) => each.chain === chain);
        const { records, next } = await audit.newest(wanted, limit);
        return { records, next: next.length === 0 ? null : writeCursor(next) };
      },
    }),
    privateRoute('GET', '/private/audit/heads', 'auditor', {
      summary:
        'Where each chain of the RA’s audit log ends, and after which record those begin that were cut.',
      result: z.object({
        heads: z.array(position),
        cuts: z.array(
          position.extend({ hash: z.string().describe('SHA-256 of that record, lower-case hex') }),
        ),
      }),
      handle: async () => ({ heads: await audit.ends(), cuts: await audit.cuts() }),
    }),
  ];
}

/** Limit of chains in a cursor; a store has fewer. */
const MAX_CHAINS = 64;

const writeCursor = (positions: readonly Position[]): string =>
  positions.map(({ chain, sequence }) => `${chain}.${sequence}`).join('-');

/** @throws Refused */
function readCursor(cursor: string): Position[] {
  const parts = cursor.split('-').map((each) => /^(\d{1,3})\.([1-9]\d{0,14})$/.exec(each));
  const positions = parts.flatMap((part) =>
    part === null ? [] : [{ chain: Number(part[1]), sequence: Number(part[2]) }],
  );
  const chains = new Set(positions.map(({ chain }) => chain));
  if (positions.length !== parts.length || chains.size !== parts.length || parts.length > MAX_CHAINS) {
    throw new Refused('invalidRequest', 'cursor must be the `next` of the page before', {
      field: 'cursor',
    });
  }
  return positions;
}
