import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certificatesFrom } from '../../src/x509/certificates-in.js';
import { certsOnly } from '../../src/x509/certs-only.js';
import { DerError } from '../../src/x509/der-error.js';
import { toPem } from '../../src/x509/pem.js';
import { signingWorld } from '../../tools/kit/signing-world.js';

describe('the certificates of a file from another CA', async () => {
  const { root, intermediate } = await signingWorld();
  const pem = toPem('CERTIFICATE', intermediate) + toPem('CERTIFICATE', root);
  const message = certsOnly([intermediate, root]);

  it.each([
    ['PEM with text around it', Buffer.from(`subject=/CN=x\r\n${pem.replaceAll('\n', '\r\n')}trailing`), 2],
    ['one in DER', intermediate, 1],
    ['PKCS #7 in DER', message, 2],
    ['PKCS #7 in PEM', Buffer.from(toPem('PKCS7', message)), 2],
    [
      'PKCS #7 under the label of a certificate, as AD CS writes it',
      Buffer.from(toPem('CERTIFICATE', message)),
      2,
    ],
  ])('are read from %s', (_, content, count) => {
    expect(certificatesFrom(content)).toEqual([intermediate, root].slice(0, count));
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a request', Buffer.from(toPem('CERTIFICATE REQUEST', root))],
    ['a message that carries none', certsOnly([])],
    ['more than any chain', Buffer.from(pem.repeat(60))],
    ['a block that is cut off', Buffer.from(pem.slice(0, 200))],
  ])('are refused from %s', (_, content) => {
    expect(() => certificatesFrom(content)).toThrow(DerError);
  });

  it('are read or refused with DerError, whatever the octets', () => {
    const spoiled = (bytes: Buffer) =>
      fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, value]) => {
        const copy = Buffer.from(bytes);
        copy[at] = value;
        return copy;
      });
    const octets = fc.oneof(
      fc.uint8Array().map((each) => Buffer.from(each)),
      spoiled(message),
      spoiled(Buffer.from(pem)),
    );
    fc.assert(
      fc.property(octets, (content) => {
        try {
          certificatesFrom(content);
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
