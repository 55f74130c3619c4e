import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { FlattenedSign, flattenedVerify, importJWK } from 'jose';
import { describe, expect, it } from 'vitest';
import { parseJwk } from '../../../src/acme/jose/jwk.js';
import { parseJws, signatureAlgorithm, verifyJws } from '../../../src/acme/jose/jws.js';
import { Problem } from '../../../src/model/problem.js';
import {
  type FlattenedJws,
  generateSigningKey,
  type KeyType,
  signJws,
} from '../../../tools/kit/jws-signer.js';

const ALGORITHMS: KeyType[] = ['ES256', 'ES384', 'ES512', 'RS256', 'EdDSA'];
const key = generateSigningKey('ES256');
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const b64 = (value: unknown) => bytes(value).toString('base64url');
const valid = () => signJws(key, { alg: 'ES256', nonce: 'abc', url: 'https://a/b' }, { x: 1 });

function refused(act: () => unknown): Problem {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('JWS (RFC 7515, RFC 8555 §6.2)', () => {
  it("verifies RFC 7515's ES256 example (appendix A.3)", () => {
    const jws = parseJws(
      bytes({
        protected: 'eyJhbGciOiJFUzI1NiJ9',
        payload:
          'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ',
        signature: 'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
      }),
    );
    const example = parseJwk({
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    });
    expect(() => verifyJws(jws, example)).not.toThrow();
    expect(jws.payload.toString()).toContain('"http://example.com/is_root":true');
  });

  it("verifies RFC 7515's RS256 example (appendix A.2)", () => {
    const jws = parseJws(
      bytes({
        protected: 'eyJhbGciOiJSUzI1NiJ9',
        payload:
          'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ',
        signature:
          'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
      }),
    );
    const example = parseJwk({
      kty: 'RSA',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    });
    expect(() => verifyJws(jws, example)).not.toThrow();
  });

  it.each(ALGORITHMS)('verifies what jose signs with %s, and jose verifies what we sign', async (alg) => {
    const signer = generateSigningKey(alg);
    const theirs = await new FlattenedSign(bytes({ a: 1 }))
      .setProtectedHeader({ alg })
      .sign(signer.privateKey);
    expect(() => verifyJws(parseJws(bytes(theirs)), parseJwk(signer.jwk))).not.toThrow();
    const ours = signJws(signer, { alg }, { a: 1 });
    await expect(flattenedVerify(ours, await importJWK(signer.jwk as never, alg))).resolves.toBeDefined();
  });

  it.each(ALGORITHMS)('refuses a %s signature with any bit changed, cut short or made longer', (alg) => {
    const signer = generateSigningKey(alg);
    const publicKey = parseJwk(signer.jwk);
    const jws = signJws(signer, { alg }, { a: 1 });
    const signature = Buffer.from(jws.signature, 'base64url');
    const wrong = [
      signature.subarray(1),
      signature.subarray(0, -1),
      Buffer.concat([signature, Buffer.from([0])]),
      Buffer.alloc(signature.length),
      Buffer.alloc(0),
      ...[0, 7, signature.length * 4, signature.length * 8 - 1].map((bit) => {
        const changed = Buffer.from(signature);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return changed;
      }),
    ];
    for (const each of wrong) {
      const parsed = parseJws(bytes({ ...jws, signature: each.toString('base64url') }));
      expect(refused(() => verifyJws(parsed, publicKey)).type).toBe('malformed');
    }
  });

  it('refuses an ECDSA signature in DER (RFC 7518 §3.4)', () => {
    const jws = valid();
    const inDer = sign('sha256', Buffer.from(`${jws.protected}.${jws.payload}`), key.privateKey);
    const parsed = parseJws(bytes({ ...jws, signature: inDer.toString('base64url') }));
    expect(refused(() => verifyJws(parsed, parseJwk(key.jwk))).type).toBe('malformed');
  });

  it('refuses an RSA-PSS signature under RS256 (RFC 7518 §3.3)', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const protectedHeader = b64({ alg: 'RS256' });
    const signature = sign('sha256', Buffer.from(`${protectedHeader}.`), {
      key: privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
    }).toString('base64url');
    const parsed = parseJws(bytes({ protected: protectedHeader, payload: '', signature }));
    const rsa = parseJwk(publicKey.export({ format: 'jwk' }));
    expect(refused(() => verifyJws(parsed, rsa)).type).toBe('malformed');
  });

  it.each([
    'none',
    'None',
    'HS256',
    'HS512',
    'PS256',
    'RS384',
    'ES256K',
    'constructor',
  ])('refuses "alg": "%s" with the list of algorithms (§6.2)', (alg) => {
    const jws = parseJws(bytes({ ...valid(), protected: b64({ alg }) }));
    const problem = refused(() => signatureAlgorithm(jws));
    expect(problem.type).toBe('badSignatureAlgorithm');
    expect(problem.toDocument().algorithms).toEqual(ALGORITHMS);
  });

  it("refuses a MAC made with the public key's own bytes", () => {
    const protectedHeader = b64({ alg: 'HS256' });
    const signature = createHmac('sha256', JSON.stringify(key.jwk))
      .update(`${protectedHeader}.`)
      .digest('base64url');
    const jws = parseJws(bytes({ protected: protectedHeader, payload: '', signature }));
    expect(refused(() => verifyJws(jws, parseJwk(key.jwk))).type).toBe('badSignatureAlgorithm');
  });

  it('refuses an algorithm that is not the key’s, and names the key’s algorithm (§6.2)', () => {
    const jws = parseJws(bytes(signJws(key, { alg: 'ES384' }, '')));
    const problem = refused(() => verifyJws(jws, parseJwk(key.jwk)));
    expect(problem.type).toBe('badSignatureAlgorithm');
    expect(problem.options.algorithms).toEqual(['ES256']);
  });

  const hostile: [string, (jws: FlattenedJws) => unknown][] = [
    ['general serialisation', (jws) => ({ payload: jws.payload, signatures: [jws] })],
    ['general members beside flattened ones', (jws) => ({ ...jws, signatures: [] })],
    ['an unprotected header', (jws) => ({ ...jws, header: {} })],
    ['compact serialisation', (jws) => `${jws.protected}.${jws.payload}.${jws.signature}`],
    ['compact serialisation as a JSON string', (jws) => `"${jws.protected}.${jws.payload}.${jws.signature}"`],
    ['an array', (jws) => [jws]],
    ['a detached payload', ({ protected: p, signature }) => ({ protected: p, signature })],
    ['no protected header', ({ payload, signature }) => ({ payload, signature })],
    ['no signature', ({ protected: p, payload }) => ({ protected: p, payload })],
    ['a payload that is no string', (jws) => ({ ...jws, payload: { x: 1 } })],
    ['padding', (jws) => ({ ...jws, payload: `${jws.payload}==` })],
    ['white space in base64url', (jws) => ({ ...jws, signature: `${jws.signature}\n` })],
    ['the base64 alphabet', (jws) => ({ ...jws, payload: '+/+/' })],
    ['stray bits at the end', (jws) => ({ ...jws, payload: 'AB' })],
    ['a length no encoder makes', (jws) => ({ ...jws, payload: 'AAAAA' })],
    ['a header that is not JSON', (jws) => ({ ...jws, protected: b64('nonsense') })],
    ['a header that is no object', (jws) => ({ ...jws, protected: b64('[]') })],
    [
      'a header in bad UTF-8',
      (jws) => ({ ...jws, protected: Buffer.from('{"alg":"\xff"}', 'latin1').toString('base64url') }),
    ],
    ['a duplicate header member', (jws) => ({ ...jws, protected: b64('{"alg":"ES256","alg":"none"}') })],
    ['a duplicate JWS member', (jws) => JSON.stringify(jws).replace('{', '{"payload":"",')],
    [
      'unencoded payload (RFC 7797)',
      (jws) => ({ ...jws, protected: b64({ alg: 'ES256', b64: false, crit: ['b64'] }) }),
    ],
    ['b64 without crit', (jws) => ({ ...jws, protected: b64({ alg: 'ES256', b64: false }) })],
    ['a critical extension', (jws) => ({ ...jws, protected: b64({ alg: 'ES256', crit: ['x'], x: 1 }) })],
    ['no alg', (jws) => ({ ...jws, protected: b64({}) })],
    ['an alg that is no string', (jws) => ({ ...jws, protected: b64({ alg: ['ES256'] }) })],
    ['nothing', () => ''],
    ['a thousand levels', () => '['.repeat(1000)],
  ];
  it.each(hostile)('refuses %s as malformed', (_, change) => {
    const body = bytes(change(valid()));
    expect(refused(() => signatureAlgorithm(parseJws(body))).type).toBe('malformed');
  });

  it('throws nothing but Problem, whatever the members hold', () => {
    const text = fc.oneof(fc.string(), fc.base64String(), fc.json().map(b64), fc.constant(valid().protected));
    const members = fc.record(
      { protected: text, payload: text, signature: text, header: fc.jsonValue() },
      { requiredKeys: ['protected', 'payload', 'signature'] },
    );
    const publicKey = parseJwk(key.jwk);
    fc.assert(
      fc.property(members, (jws) => {
        expect(refused(() => verifyJws(parseJws(bytes(jws)), publicKey))).toBeInstanceOf(Problem);
      }),
      { numRuns: 500 },
    );
  });
});
