import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import * as pkijs from 'pkijs';
import { describe, expect, it } from 'vitest';
import { signerFor } from '../../src/x509/algorithms.js';
import { DerError } from '../../src/x509/der-error.js';
import { parseOcspRequest } from '../../src/x509/ocsp-request.js';
import {
  type CertStatus,
  encodeOcspResponse,
  encodeResponseData,
  OCSP_STATUS,
  ocspFailure,
} from '../../src/x509/ocsp-response.js';
import { firstFromPem } from '../../src/x509/pem.js';
import { der } from '../../tools/kit/csr.js';
import { createTestPki } from '../../tools/kit/test-pki.js';
import { certId, type HashName, nonceExtension, ocspExtension, ocspRequest } from '../support/ocsp.js';

const issuer = firstFromPem('CERTIFICATE', createTestPki().root);
const SERIAL = '7fa1b2c3d4e5f60718293a4b5c6d7e8f90';
const one = certId(issuer, SERIAL);
const NOW = Date.parse('2026-11-24T12:00:00Z');

describe('OCSP requests (RFC 6960 §4.1)', () => {
  it.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('are read with %s CertIDs', (hash) => {
    const id = certId(issuer, SERIAL, hash);
    const { certIds, nonce } = parseOcspRequest(ocspRequest([id]));
    expect(nonce).toBeNull();
    expect(certIds).toEqual([expect.objectContaining({ hash, serial: SERIAL, der: id })]);
    const key = pkijs.Certificate.fromBER(issuer).subjectPublicKeyInfo.subjectPublicKey;
    const keyHash = createHash(hash).update(key.valueBlock.valueHexView).digest();
    expect(certIds[0]?.issuerKeyHash.equals(keyHash)).toBe(true);
  });

  it('of another library are read, with several certificates in order', async () => {
    const certificate = pkijs.Certificate.fromBER(issuer);
    const request = new pkijs.OCSPRequest();
    await request.createForCertificate(certificate, {
      hashAlgorithm: 'SHA-256',
      issuerCertificate: certificate,
    });
    const { certIds } = parseOcspRequest(new Uint8Array(request.toSchema(true).toBER()));
    expect(certIds).toMatchObject([{ hash: 'sha256' }]);
    const several = ['10', 'ff01', SERIAL].map((serial) => certId(issuer, serial));
    expect(parseOcspRequest(ocspRequest(several)).certIds.map(({ serial }) => serial)).toEqual([
      '10',
      'ff01',
      SERIAL,
    ]);
  });

  it('with an unknown hash are read, without recognising the certificate', () => {
    const [id] = parseOcspRequest(ocspRequest([certId(issuer, SERIAL, 'sha224')])).certIds;
    expect(id).toMatchObject({ hash: null, serial: SERIAL });
  });

  it('may have a requestor name, a version, a signature and non-critical extensions (§4.1.2, §4.4)', () => {
    const name = der(0xa1, der(0x82, Buffer.from('client.example')));
    const version = der(0xa0, der(0x02, Buffer.from([0])));
    const extensions = [ocspExtension('2b0601050507300109', der(0x30))];
    const signature = der(
      0x30,
      der(0x30, der(0x06, Buffer.from('2b6570', 'hex'))),
      der(0x03, Buffer.alloc(65)),
    );
    for (const more of [{ before: [name] }, { before: [version, name] }, { extensions }, { signature }]) {
      expect(parseOcspRequest(ocspRequest([one], more)).certIds).toHaveLength(1);
    }
  });

  it.each([1, 16, 32, 128])('may have a nonce of %i octets (RFC 9654 §2.1)', (size) => {
    const nonce = Buffer.alloc(size, 0xab);
    expect(parseOcspRequest(ocspRequest([one], { nonce })).nonce?.equals(der(0x04, nonce))).toBe(true);
  });

  it.each([
    1, 8, 16, 128,
  ])('may have a bare nonce of %i octets, as clients older than RFC 8954 send', (size) => {
    const nonce = Buffer.alloc(size, 0xab);
    const request = ocspRequest([one], { extensions: [ocspExtension('2b0601050507300102', nonce)] });
    expect(parseOcspRequest(request).nonce?.equals(nonce)).toBe(true);
  });

  it.each([0, 129, 200])('are refused with a nonce of %i octets (RFC 9654 §2.1)', (size) => {
    const request = ocspRequest([one], { nonce: Buffer.alloc(size) });
    expect(() => parseOcspRequest(request)).toThrow(/nonce/);
  });

  it.each<[string, Buffer]>([
    ['without any certificate', ocspRequest([])],
    ['with version 2', ocspRequest([one], { before: [der(0xa0, der(0x02, Buffer.from([1])))] })],
    [
      'with a critical extension (§4.4)',
      ocspRequest([one], { extensions: [ocspExtension('2a03', der(5), true)] }),
    ],
    [
      'with two nonces',
      ocspRequest([one], { nonce: Buffer.alloc(8), extensions: [nonceExtension(Buffer.alloc(8))] }),
    ],
    [
      'with a bare nonce that is too long',
      ocspRequest([one], { extensions: [ocspExtension('2b0601050507300102', Buffer.alloc(129))] }),
    ],
    [
      'with a negative serial',
      ocspRequest([Buffer.concat([certId(issuer, '10').subarray(0, -1), Buffer.from([0x90])])]),
    ],
    ['with something after its end', Buffer.concat([ocspRequest([one]), Buffer.from([0])])],
    ['that are truncated', ocspRequest([one]).subarray(0, -1)],
    ['that are empty', Buffer.alloc(0)],
  ])('are refused %s', (_, request) => {
    expect(() => parseOcspRequest(request)).toThrow(DerError);
  });

  it('of arbitrary bytes are read or refused with DerError', () => {
    const good = ocspRequest([one, certId(issuer, '10', 'sha512')], { nonce: Buffer.alloc(16, 7) });
    const mutated = fc
      .array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((mutations) => {
        const bytes = Buffer.from(good);
        for (const [at, octet] of mutations) bytes[at] = octet;
        return bytes;
      });
    const anything = fc.oneof(mutated, fc.uint8Array({ maxLength: 200 }));
    fc.assert(
      fc.property(anything, (bytes) => {
        try {
          const { certIds } = parseOcspRequest(bytes);
          expect(certIds.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(DerError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('OCSP responses (RFC 6960 §4.2)', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const encode = (status: CertStatus, nonce: Buffer | null = null, hash: HashName = 'sha1') => {
    const data = encodeResponseData({
      responderKeyHash: Buffer.alloc(20, 9),
      producedAt: NOW,
      responses: [
        { certId: certId(issuer, SERIAL, hash), status, thisUpdate: NOW, nextUpdate: NOW + 3600_000 },
      ],
      nonce,
    });
    const { algorithm } = signerFor(privateKey);
    return encodeOcspResponse(data, algorithm, sign('sha256', data, privateKey), issuer);
  };
  const read = (response: Buffer) => {
    const outer = pkijs.OCSPResponse.fromBER(response);
    expect(outer.responseStatus.valueBlock.valueDec).toBe(OCSP_STATUS.successful);
    const bytes = outer.responseBytes ?? expect.unreachable();
    expect(bytes.responseType).toBe('1.3.6.1.5.5.7.48.1.1');
    return pkijs.BasicOCSPResponse.fromBER(bytes.response.valueBlock.valueHexView);
  };

  it('are read by another library: times, the requested CertID, the responder by key and its certificate', () => {
    const basic = read(encode({ status: 'good' }, null, 'sha512'));
    const { producedAt, responses, responderID } = basic.tbsResponseData;
    const [single] = responses;
    expect(producedAt.getTime()).toBe(NOW);
    expect(single?.thisUpdate.getTime()).toBe(NOW);
    expect(single?.nextUpdate?.getTime()).toBe(NOW + 3600_000);
    expect(
      Buffer.from(single?.certID.toSchema().toBER() ?? new ArrayBuffer()).equals(
        certId(issuer, SERIAL, 'sha512'),
      ),
    ).toBe(true);
    expect(Buffer.from(responderID.valueBlock.valueHexView).equals(Buffer.alloc(20, 9))).toBe(true);
    expect(Buffer.from(basic.certs?.[0]?.toSchema().toBER() ?? new ArrayBuffer()).equals(issuer)).toBe(true);
    expect(basic.tbsResponseData.responseExtensions).toBeUndefined();
  });

  it.each<[CertStatus, number]>([
    [{ status: 'good' }, 0],
    [{ status: 'revoked', revokedAt: NOW - 1000, reason: 1 }, 1],
    [{ status: 'unknown' }, 2],
  ])('encode the status $status as its choice [%#] (§4.2.1)', (status, tag) => {
    expect(read(encode(status)).tbsResponseData.responses[0]?.certStatus.idBlock.tagNumber).toBe(tag);
  });

  it.each([
    [1, 1],
    [6, 6],
    [0, undefined],
    [null, undefined],
  ])('contain the time of a revocation, and the reason %s unless it is unspecified', (reason, told) => {
    const response = encode({ status: 'revoked', revokedAt: NOW - 5000, reason });
    const [at, why] = read(response).tbsResponseData.responses[0]?.certStatus.valueBlock.value ?? [];
    expect(at.toDate().getTime()).toBe(NOW - 5000);
    expect(why?.valueBlock.value[0].valueBlock.valueDec).toBe(told);
  });

  it('repeat the nonce (§4.4.1)', () => {
    const nonce = der(0x04, Buffer.alloc(32, 3));
    const [extension] = read(encode({ status: 'good' }, nonce)).tbsResponseData.responseExtensions ?? [];
    expect(extension).toMatchObject({ extnID: '1.3.6.1.5.5.7.48.1.2', critical: false });
    const value = Buffer.from(extension?.extnValue.valueBlock.valueHexView ?? []);
    expect(value.equals(nonce)).toBe(true);
  });

  it.each([
    ['malformedRequest', 1],
    ['internalError', 2],
    ['tryLater', 3],
    ['unauthorized', 6],
  ] as const)('contain only status %s (%i) after a failure (§2.3)', (failure, code) => {
    const response = pkijs.OCSPResponse.fromBER(ocspFailure(failure));
    expect(response.responseStatus.valueBlock.valueDec).toBe(code);
    expect(response.responseBytes).toBeUndefined();
  });
});
