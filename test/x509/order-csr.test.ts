import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CsrRefused, type OrderName, readOrderCsr } from '../../src/x509/order-csr.js';
import { createCsr, der } from '../../tools/kit/csr.js';
import { CSR_FORMS, CSRS_REFUSED } from '../support/csr-forms.js';

describe('a CSR for an order (RFC 8555 §7.4)', () => {
  it.each(CSR_FORMS)('is accepted with $what', ({ identifiers, csr }) => {
    expect(readOrderCsr(csr(), identifiers).publicKey.type).toBe('ec');
  });

  it.each(CSRS_REFUSED)('is refused with $what', ({ identifiers, csr }) => {
    expect(() => readOrderCsr(csr(), identifiers)).toThrow(CsrRefused);
  });

  it('is read, or refused only with CsrRefused, if it is truncated or an octet is changed', () => {
    const identifiers: OrderName[] = [{ type: 'dns', value: 'a.test' }];
    const { der: whole } = createCsr(['a.test'], { commonName: 'a.test', extensions: [mustStaple([5])] });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, octet, cut) => {
        const bytes = Buffer.from(cut ? whole.subarray(0, at) : whole);
        if (!cut) bytes[at] = octet;
        try {
          readOrderCsr(bytes, identifiers);
        } catch (error) {
          expect(error).toBeInstanceOf(CsrRefused);
        }
      }),
    );
  });

  it('yields the TLS features it requests (RFC 7633)', () => {
    const identifiers: OrderName[] = [{ type: 'dns', value: 'a.test' }];
    const features = (extensions: Buffer[]) =>
      readOrderCsr(createCsr(['a.test'], { extensions }).der, identifiers).tlsFeatures;
    expect(features([mustStaple([5])])).toEqual([5]);
    expect(features([mustStaple([5, 17])])).toEqual([5, 17]);
    expect(features([])).toEqual([]);
  });
});

function mustStaple(features: number[]): Buffer {
  const value = der(0x30, ...features.map((feature) => der(0x02, Buffer.from([feature]))));
  return der(0x30, der(0x06, Buffer.from('2b06010505070118', 'hex')), der(0x04, value));
}
