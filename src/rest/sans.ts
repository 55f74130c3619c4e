import { isIP } from 'node:net';
import { z } from 'zod';
import { type SubjectName, type WireType, wireType } from '../x509/certificate-names.js';
import { subjectName, text } from './fields.js';

/** Limit of names, as usual for an order of an ACME server. */
const MAX_NAMES = 100;

interface San {
  type: WireType;
  value: string;
}

/** Parses a name: `DNS:x`, `IP:x`, `EMAIL:x`, `URI:x`, or without a type, which then follows from its form. */
export function readSan(written: string): San {
  const [, type, value = ''] = /^(DNS|IP|EMAIL|URI):(.*)$/is.exec(written) ?? [];
  if (type !== undefined) return { type: type.toUpperCase() as WireType, value };
  if (isIP(written) !== 0) return { type: 'IP', value: written };
  if (written.includes('://')) return { type: 'URI', value: written };
  return { type: written.includes('@') ? 'EMAIL' : 'DNS', value: written };
}

/** Subject alternative names in a JSON body. */
export const sansBody = z
  .array(
    z.union([
      subjectName,
      text('`DNS:x`, `IP:x`, `EMAIL:x` or `URI:x`; the type may be left out where it can be told'),
    ]),
  )
  .max(MAX_NAMES)
  .describe('Subject alternative names')
  .transform((sans): San[] => sans.map((san) => (typeof san === 'string' ? readSan(san) : san)));

const queryText = z.string().max(8192);

/** Trims blanks around commas. Line ends stay, so that a name with one is refused. */
function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text[start] === ' ') start += 1;
  while (end > start && text[end - 1] === ' ') end -= 1;
  return text.slice(start, end);
}

/** Subject alternative names in a query: one or several comma-separated lists; a `URI:x` is not split. */
export const sansQuery = z
  .union([queryText, z.array(queryText).max(MAX_NAMES)])
  .describe(
    'Subject alternative names, separated by commas: `DNS:x`, `IP:x`, `EMAIL:x`, `URI:x`; may be repeated',
  )
  .transform((given): San[] =>
    [given]
      .flat()
      .flatMap((each) => (/^URI:/i.test(each) ? [each] : each.split(',')))
      .map(withoutBlanks)
      .filter((each) => each !== '')
      .map(readSan),
  )
  .refine((sans) => sans.length <= MAX_NAMES, `are more than ${MAX_NAMES}`);

/** Names in an answer. */
export const sansResult = z.array(z.object({ type: z.string(), value: z.string() }));

export function sansJson(names: readonly SubjectName[]): San[] {
  return names.map(({ type, value }) => ({ type: wireType(type), value }));
}
