import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createRoot } from '../../../src/ca/folder/issuer-certificates.js';
import { publicKeyDer } from '../../../src/ca/folder/keys.js';
import { keyInFile } from '../../../src/ca/folder/signing-key.js';
import { OcspCache, type SignedResponse } from '../../../src/ca/ocsp/cache.js';
import { type OcspSigner, ocspSigner } from '../../../src/ca/ocsp/certificate.js';
import { OcspResponder, type OcspResponderOptions } from '../../../src/ca/ocsp/responder.js';
import { StoreUnavailable } from '../../../src/store/contract/errors.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { dn } from '../../../src/x509/name.js';
import { certId, ocspRequest, ocspStatus } from '../../support/ocsp.js';
import { newKey } from '../../support/requests.js';

const NOW = Date.parse('2026-11-24T12:00:00Z');
const HOUR = 3600_000;

const key = newKey();
const issuer = await createRoot(
  {
    spki: publicKeyDer(key),
    subject: dn(['CN', 'CA']),
    serial: '10'.repeat(17),
    notBefore: NOW - HOUR,
    notAfter: NOW + 24 * HOUR,
  },
  signerFor(key),
);
const issuers = [{ id: 'a', tag: '', der: issuer }];
const signer = ocspSigner(keyInFile(key), parseCertificate(issuer));
const REQUEST = ocspRequest([certId(issuer, '7f00')]);

/** A responder whose errors are collected. */
function responder(changes: Partial<OcspResponderOptions> = {}) {
  const errors: string[] = [];
  const made = new OcspResponder({
    store: { findBySerial: async () => null },
    issuers: () => issuers,
    lookAgain: async () => false,
    signer: async () => signer,
    validity: 12 * HOUR,
    clock: () => NOW,
    log: pino({ level: 'error' }, { write: (line: string) => errors.push(line) }),
    ...changes,
  });
  return { errors, respond: (request: Buffer) => made.respond(request) };
}

describe('the OCSP responder', () => {
  it('signs in parallel: requests that need no signature are answered meanwhile', async () => {
    let release = () => {};
    const made = new Promise<void>((resolve) => {
      release = resolve;
    });
    let held = false;
    const slow: OcspSigner = {
      ...signer,
      async sign(data) {
        if (held) await made;
        return signer.sign(data);
      },
    };
    const { respond } = responder({ signer: async () => slow });
    await respond(REQUEST);
    held = true;
    const settled: string[] = [];
    const nonce = Buffer.from('one to sign for');
    const signing = respond(ocspRequest([certId(issuer, '7f00')], { nonce })).then(() =>
      settled.push('signed'),
    );
    await respond(REQUEST).then(() => settled.push('known'));
    release();
    await signing;
    expect(settled).toEqual(['known', 'signed']);
  });

  it('never sets nextUpdate later than its signer’s expiry', async () => {
    const short: OcspSigner = { ...signer, notAfter: NOW + HOUR };
    const { respond } = responder({ signer: async () => short });
    expect((await respond(REQUEST)).fresh).toEqual({ thisUpdate: NOW - HOUR, nextUpdate: NOW + HOUR });
  });

  it('answers tryLater while the store is unreachable (RFC 6960 §2.3), without logging an internal error', async () => {
    const findBySerial = async () => {
      throw new StoreUnavailable('disk full');
    };
    const { respond, errors } = responder({ store: { findBySerial } });
    const { response, fresh } = await respond(REQUEST);
    expect([ocspStatus(response), fresh, errors]).toEqual([3, null, []]);
  });

  it('reads the issuers again before it answers that one is unknown (RFC 6960 §2.2)', async () => {
    let known: typeof issuers = [];
    let looks = 0;
    const found: string[] = [];
    const { respond } = responder({
      issuers: () => known,
      lookAgain: async () => {
        looks += 1;
        known = issuers;
      },
      store: {
        async findBySerial(serial) {
          found.push(serial);
          return null;
        },
      },
    });
    expect(ocspStatus((await respond(REQUEST)).response)).toBe(0);
    await respond(REQUEST);
    expect([looks, found]).toEqual([1, ['7f00', '7f00']]);
  });

  it('answers tryLater when the issuers cannot be read again', async () => {
    const { respond, errors } = responder({
      issuers: () => [],
      lookAgain: async () => {
        throw new StoreUnavailable('away');
      },
    });
    expect([ocspStatus((await respond(REQUEST)).response), errors]).toEqual([3, []]);
  });

  it('answers internalError when it cannot sign, logs it, and signs again the next time', async () => {
    let broken = true;
    const { respond, errors } = responder({
      signer: async () => {
        if (broken) throw new Error('no key');
        return signer;
      },
    });
    const outcomes = await Promise.all([respond(REQUEST), respond(REQUEST)]);
    expect(outcomes.map(({ response }) => ocspStatus(response))).toEqual([2, 2]);
    expect(errors.join()).toContain('no key');
    broken = false;
    expect(ocspStatus((await respond(REQUEST)).response)).toBe(0);
  });
});

describe('cached responses', () => {
  const signed = (thisUpdate = NOW): SignedResponse => ({
    response: Buffer.from('response'),
    signedAt: thisUpdate,
    thisUpdate,
    nextUpdate: thisUpdate + 2 * HOUR,
  });
  /** Asks, and tells whether it had to be signed. */
  const asker =
    (cache: OcspCache) =>
    async (certificate: string, state = 'good', now = NOW) => {
      let made = false;
      await cache.get(certificate, state, 'id', now, async () => {
        made = true;
        return signed(now);
      });
      return made;
    };

  it('are bounded; the least recently requested one is evicted first', async () => {
    const ask = asker(new OcspCache(3));
    for (const name of ['a', 'b', 'c', 'a', 'd']) await ask(name);
    expect([await ask('a'), await ask('c'), await ask('d')]).toEqual([false, false, false]);
    expect(await ask('b')).toBe(true);
  });

  it('are evicted when their state changes, and do not come back with it', async () => {
    const ask = asker(new OcspCache(3));
    const made = [];
    for (const state of ['good', 'good', 'revoked', 'revoked', 'good']) made.push(await ask('a', state));
    expect(made).toEqual([true, false, true, false, true]);
  });

  it('are not used when the clock was set back before their time', async () => {
    const ask = asker(new OcspCache(3));
    await ask('a');
    expect(await ask('a', 'good', NOW - 1)).toBe(true);
  });
});
