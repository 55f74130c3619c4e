import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { parseCertificate, subjectAltNames } from '../x509/certificate.js';
import { DerError } from '../x509/der-error.js';
import { octetStringIn } from '../x509/der-reader.js';
import { ipToBytes } from '../x509/ip-address.js';
import { OID } from '../x509/oids.js';
import { type Attempt, recorded } from './attempt.js';
import type { Dialer } from './dialer.js';
import { ValidationFailure } from './failure.js';
import { handshake, TlsFailure } from './handshake.js';
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
  try {
    await recorded(
      attempt,
      target,
      async () => {
        const servername = type === 'ip' ? reverseName(value) : value;
        checkCertificate(await certificateOf(socket, servername, target, attempt), challenge, target);
      },
      () => 'certificate accepted',
    );
  } finally {
    socket.destroy();
  }
}

/** The certificate that the server presents for this protocol, in DER. @throws ValidationFailure */
async function certificateOf(
  socket: Socket,
  servername: string,
  target: string,
  { deadline }: Attempt,
): Promise<Buffer> {
  const refuse = (why: string) => new ValidationFailure('tls', `${target}${why}`, true);
  const secured = await handshake(
    socket,
    { servername, ALPNProtocols: [PROTOCOL], minVersion: 'TLSv1.2' },
    deadline,
  ).catch((error) => {
    throw error instanceof TlsFailure ? refuse(`: ${error.message}`) : error;
  });
  if (secured.alpnProtocol !== PROTOCOL) throw refuse(` did not negotiate the ALPN protocol ${PROTOCOL}`);
  const certificate = secured.getPeerX509Certificate()?.raw;
  if (!certificate) throw refuse(' presented no certificate');
  return certificate;
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
        .map((each) => (each.type === 'other' ? 'another kind of name' : `${each.type} ${each.value}`));
      throw refuse(`must name exactly ${type} ${value}; it names ${found.join(', ') || 'nothing'}`);
    }
    const extension = certificate.extensions.get(OID.acmeIdentifier);
    if (!extension) throw refuse('has no acmeIdentifier extension');
    if (!extension.critical) throw refuse('has an acmeIdentifier extension that is not critical');
    const digest = octetStringIn(extension.value, 'acmeIdentifier');
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
