import type { SqlValue } from './database.js';

/** A parameter as it is sent: bytes as they are, everything else as text (PostgreSQL manual, "Formats and Format Codes"). */
export function toWire(value: SqlValue): Buffer | string | null {
  if (value === null) return null;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return typeof value === 'object' ? arrayText(value) : String(value);
}

/** PostgreSQL manual, "Array Input and Output Syntax". */
function arrayText(values: readonly SqlValue[]): string {
  return `{${values.map(elementText).join(',')}}`;
}

function elementText(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return `"\\\\x${Buffer.from(value).toString('hex')}"`;
  return typeof value === 'object' ? arrayText(value) : `"${String(value).replace(/["\\]/g, '\\$&')}"`;
}
