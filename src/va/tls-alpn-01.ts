import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { parseCertificate, subjectAltNames } from '../x509/certificate.js';
import { DerError } from '../x509/der-error.js';
import { DerReader } from '../x509/der-reader.js';
import { ipToBytes } from '../x509/ip-address.js';
import { OID } from '../x509/oids.js';
import { TAG } from '../x509/tags.js';
import type { Deadline } from './deadline.js';
import type { Attempt, Dialer } from './dialer.js';
import { tlsError, ValidationFailure } from './failure.js';
import type { ValidationRequest } from './types.js';

/** RFC 8737 §6.2 */
const PROTOCOL = 'acme-tls/1';

/** RFC 8737 §3 and RFC 8738 §6: a TLS server of the identifier shows a certificate made for this challenge. @throws ValidationFailure */
export async function validateTlsAlpn01(
  challenge: ValidationRequest,
  dialer: Dialer,
  port: number,
  attempt: Attempt,
): Promise<void> {
  const { type, value } = challenge.identifier;
  const { socket, target } = await dialer.dial(value, port, attempt);
  const started = attempt.now();
  const note = (outcome: string) =>
    attempt.records.push({ target, outcome, milliseconds: attempt.now() - started });
  try {
    const serverName = type === 'ip' ? reverseName(value) : value;
    const secured = await handshake(socket, serverName, target, attempt.deadline);
    if (secured.alpnProtocol !== PROTOCOL) {
      throw new ValidationFailure('tls', `${target} did not negotiate the ALPN protocol ${PROTOCOL}`, true);
    }
    const certificate = secured.getPeerX509Certificate()?.raw;
    if (!certificate) throw new ValidationFailure('tls', `${target} presented no certificate`, true);
    checkCertificate(certificate, challenge, target);
    note('certificate accepted');
  } catch (error) {
    note(error instanceof ValidationFailure ? error.detail : 'failed');
    throw error;
  } finally {
    socket.destroy();
  }
}

function handshake(
  socket: Socket,
  servername: string,
  target: string,
  deadline: Deadline,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      deadline.forget(aborted);
      socket.destroy();
      reject(new ValidationFailure('tls', `${target}: TLS handshake failed: ${why}`, true));
    };
    const secured = connect({
      socket,
      servername,
      ALPNProtocols: [PROTOCOL],
      minVersion: 'TLSv1.2',
      rejectUnauthorized: false,
    });
    const aborted = () => fail('timed out');
    secured.on('error', (error) => fail(tlsError(error)));
    secured.once('close', () => fail('connection closed by the peer'));
    secured.once('secureConnect', () => {
      deadline.forget(aborted);
      resolve(secured);
    });
    if (deadline.isOver) return aborted();
    deadline.whenOver(aborted);
  });
}

/** RFC 8737 §3: exactly one SAN, the identifier; a critical acmeIdentifier extension with the digest. */
function checkCertificate(der: Uint8Array, challenge: ValidationRequest, target: string): void {
  const refuse = (why: string) =>
    new ValidationFailure('unauthorized', `${target}: the certificate ${why}`, true);
  try {
    const certificate = parseCertificate(der);
    const names = subjectAltNames(certificate);
    const [name] = names;
    const { type, value } = challenge.identifier;
    if (names.length !== 1 || name?.type !== type || name.value.toLowerCase() !== value) {
      const found = names
        .slice(0, 5)
        .map((each) => (each.type === 'other' ? 'another kind of name' : each.value));
      throw refuse(`must name exactly ${value}; it names ${found.join(', ') || 'nothing'}`);
    }
    const extension = certificate.extensions.get(OID.acmeIdentifier);
    if (!extension) throw refuse('has no acmeIdentifier extension');
    if (!extension.critical) throw refuse('has an acmeIdentifier extension that is not critical');
    const reader = new DerReader(extension.value, 'acmeIdentifier');
    const digest = reader.expect(TAG.octetString, 'acmeIdentifier').content;
    reader.end();
    const expected = createHash('sha256').update(challenge.keyAuthorization).digest();
    if (!digest.equals(expected)) {
      throw new ValidationFailure(
        'incorrectResponse',
        `${target}: the acmeIdentifier is ${digest.toString('hex').slice(0, 64)}; expected ${expected.toString('hex')}`,
        true,
      );
    }
  } catch (error) {
    if (error instanceof DerError) throw refuse(`cannot be read: ${error.message}`);
    throw error;
  }
}

/** RFC 8738 §6: SNI carries an address as its reverse-mapping name (RFC 1034 §5.2.1, RFC 3596 §2.5). */
export function reverseName(address: string): string {
  const bytes = [...ipToBytes(address)].reverse();
  if (bytes.length === 4) return `${bytes.join('.')}.in-addr.arpa`;
  const nibbles = bytes.flatMap((byte) => [byte & 0x0f, byte >> 4]);
  return `${nibbles.map((nibble) => nibble.toString(16)).join('.')}.ip6.arpa`;
}
