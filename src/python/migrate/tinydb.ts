import { serialToHex } from '../../channel/serial.js';
import { type ExactJson, parseExactJson } from '../../lib/json.js';

export type Document = { [name: string]: ExactJson };

/**
 * The documents of a TinyDB file, `{"_default": {"1": {…}, "2": {…}}}`, in order; an empty file has none. Its serials have up
 * to 160 bits.
 * @throws JsonError when the text is not JSON, Error when it is not a TinyDB file
 */
export function tinyDbDocuments(text: string): Document[] {
  if (text.trim() === '') return [];
  const tables = parseExactJson(Buffer.from(text), 'the file');
  if (!isDocument(tables)) throw new Error('is not a TinyDB file');
  const { _default: table = {} } = tables;
  if (!isDocument(table)) throw new Error('is not a TinyDB file');
  return Object.values(table).filter(isDocument);
}

function isDocument(value: ExactJson | undefined): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A serial member in hex, or null. */
export function serialMember(value: ExactJson | undefined): string | null {
  return typeof value === 'number' || typeof value === 'bigint' ? serialToHex(value) : null;
}

/** A time member (Python's ISO 8601 form, in UTC) in ms, or null. */
export function timeMember(value: ExactJson | undefined): number | null {
  if (typeof value !== 'string') return null;
  const at = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/.test(value) ? value : `${value}Z`);
  return Number.isNaN(at) ? null : at;
}
