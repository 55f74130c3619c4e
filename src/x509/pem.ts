import { DerError } from './der-error.js';

/** RFC 7468 text encoding in strict form: only base64 between the labels. */

/** DER to PEM with 64-character lines and a final newline. */
export function toPem(label: string, der: Uint8Array): string {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.length);
  let lines = '';
  for (let at = 0; at < bytes.length; at += PIECE) {
    lines += `${linesOf(bytes.toString('base64', at, at + PIECE))}\n`;
  }
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

function linesOf(base64: string): string {
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += 64) lines.push(base64.slice(at, at + 64));
  return lines.join('\n');
}

/** Octets that are split into lines at a time, because a CRL may be large: a multiple of 48, which is one line. */
const PIECE = 48 * 1024;

/** DER of every block with this label, in order; text around the blocks is ignored. @throws DerError when a block is broken. */
export function fromPem(label: string, pem: string): Buffer[] {
  return [...blocks(label, pem)];
}

function* blocks(label: string, pem: string): Generator<Buffer> {
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  for (let at = pem.indexOf(begin); at >= 0; at = pem.indexOf(begin, at)) {
    const stop = pem.indexOf(end, at);
    if (stop < 0) throw new DerError(`PEM ${label}: has no END line`);
    const base64 = pem.slice(at + begin.length, stop).replace(/[\r\n\t ]+/g, '');
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64) || base64 === '') {
      throw new DerError(`PEM ${label}: is not base64`);
    }
    yield Buffer.from(base64, 'base64');
    at = stop + end.length;
  }
}

/** DER of the first block with this label; the rest is not read. @throws DerError when the block is missing or broken. */
export function firstFromPem(label: string, pem: string): Buffer {
  for (const first of blocks(label, pem)) return first;
  throw new DerError(`PEM: there is no ${label}`);
}
