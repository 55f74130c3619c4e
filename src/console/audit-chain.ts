/** A stored record: the hashed text and its hash. */
export interface AuditRecord {
  chain: number;
  /** Counts from 1, without gaps. */
  sequence: number;
  /** JSON. */
  entry: string;
  /** SHA-256, lower-case hex. */
  hash: string;
}

export interface Verdict {
  records: number;
  /** Hash of the newest record; null when there is none. */
  head: string | null;
  /** The newest record that does not follow from the record before it. */
  fault: { sequence: number; reason: string } | null;
}

/** The last removed record of a chain whose beginning was cut off. */
type Begin = Pick<AuditRecord, 'sequence' | 'hash'>;

/** A page of a chain, newest first. */
type ReadPage = (cursor: string | null) => Promise<{ records: AuditRecord[]; next: string | null }>;

/**
 * Follows a chain from its newest record to its first and recomputes every hash: SHA-256 over the previous record's hash and
 * `chain:sequence:entry`. The first record has 32 zero octets as the previous hash. A shortened chain begins after `begin`.
 */
export async function checkLinks(
  read: ReadPage,
  onProgress: (seen: number) => void,
  begin: Begin | null = null,
): Promise<Verdict> {
  let head: string | null = null;
  let later: AuditRecord | null = null;
  let records = 0;
  for (let cursor: string | null = null; ; ) {
    const page = await read(cursor);
    for (const record of page.records) {
      if (begin !== null && record.sequence <= begin.sequence) break;
      if (later !== null) {
        const fault = await faultOf(later, record);
        if (fault !== null) return { records, head, fault };
      }
      head ??= record.hash;
      later = record;
      records += 1;
    }
    onProgress(records);
    cursor = page.next;
    if (cursor === null || (begin !== null && (page.records.at(-1)?.sequence ?? 0) <= begin.sequence)) break;
  }
  const fault = later === null ? null : await faultOf(later, begin);
  return { records, head, fault };
}

async function faultOf(record: AuditRecord, before: Begin | null): Promise<Verdict['fault']> {
  const { sequence, chain, entry, hash } = record;
  if (sequence !== (before?.sequence ?? 0) + 1) {
    return { sequence: sequence - 1, reason: 'it is missing' };
  }
  const text = new TextEncoder().encode(`${chain}:${sequence}:${entry}`);
  const hashed = new Uint8Array(32 + text.length);
  if (before !== null) hashed.set(fromHex(before.hash));
  hashed.set(text, 32);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', hashed));
  if (toHex(digest) === hash) return null;
  return { sequence, reason: 'its hash is wrong: it was changed, or the record before it was' };
}

const fromHex = (text: string): Uint8Array =>
  Uint8Array.from(text.slice(0, 64).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const toHex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
