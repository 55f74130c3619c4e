import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toPem } from '../../../src/x509/pem.js';
import { createCsr } from '../../../tools/kit/csr.js';
import { CSR_FORMS, CSRS_REFUSED } from '../../support/csr-forms.js';
import { CaWorld } from '../../support/world/ca.js';

let world: CaWorld;
let client: Awaited<ReturnType<CaWorld['registered']>>;
beforeAll(async () => {
  world = await new CaWorld().start();
  client = await world.registered();
});
afterAll(() => world.close());

let orders = 0;
const issue = async (identifiers: { type: 'dns' | 'ip'; value: string }[], csr: Buffer) => {
  const made = await client.call('acme_issue_certificate', {
    order_id: `order-${orders++}`,
    account_id: 'account',
    profile: 'server',
    identifiers,
    csr: toPem('CERTIFICATE REQUEST', csr),
  });
  return new X509Certificate(made.certificate);
};

describe('the CA judges the CSR of an order as the RA does (RFC 8555 §7.4)', () => {
  it.each(CSR_FORMS)('and issues with $what', async ({ identifiers, csr }) => {
    const leaf = await issue(identifiers, csr());
    const dnsNames = identifiers.filter(({ type }) => type === 'dns').map(({ value }) => value);
    // certbot fails at an address as common name: a DNS name, else an empty subject with critical SAN.
    const commonName = /^CN=(.*)$/m.exec(leaf.subject ?? '')?.[1];
    if (dnsNames.length > 0) expect(dnsNames).toContain(commonName);
    else expect(commonName).toBeUndefined();
    for (const { type, value } of identifiers) {
      if (type === 'dns') expect(leaf.checkHost(value.replace('*', 'x'))).toBeDefined();
      else expect(leaf.checkIP(value.replace(/^::ffff:7f00:1$/, '127.0.0.1'))).toBeDefined();
    }
  });

  it.each(CSRS_REFUSED)('and refuses with $what', async ({ identifiers, csr }) => {
    await expect(issue(identifiers, csr())).rejects.toMatchObject({ kind: 'badCSR' });
  });

  it('the common name is a DNS name when the CSR has an address there', async () => {
    const identifiers = [
      { type: 'ip' as const, value: '192.0.2.7' },
      { type: 'dns' as const, value: `${'a'.repeat(60)}.long.test` },
      { type: 'dns' as const, value: 'short.test' },
    ];
    const names = identifiers.map(({ value }) => value);
    const leaf = await issue(identifiers, createCsr(names, { commonName: '192.0.2.7' }).der);
    expect(leaf.subject).toBe('CN=short.test');
  });

  it('must-staple is copied to the certificate (RFC 7633), other extensions are not', async () => {
    const text = async (what: string) => {
      const form = CSR_FORMS.find((each) => each.what === what);
      if (form === undefined) throw new Error(`there is no form ${what}`);
      const leaf = await issue(form.identifiers, form.csr());
      return leaf.raw.toString('hex');
    };
    const MUST_STAPLE = '06082b0601050507011804053003020105';
    expect(await text('must-staple')).toContain(MUST_STAPLE);
    expect(await text('only DNS names')).not.toContain('2b06010505070118');
    const plain = await text('key usages of its own');
    expect(plain).not.toContain('2b06010505070303');
    expect(plain).toContain('0603551d0f0101ff040403020780');
  });

  it('an expiry later than the issuer’s is refused, never shortened (RFC 8555 §7.4)', async () => {
    const [form] = CSR_FORMS;
    const asked = client.call('acme_issue_certificate', {
      order_id: 'too-late',
      account_id: 'account',
      profile: 'server',
      identifiers: form?.identifiers ?? [],
      csr: toPem('CERTIFICATE REQUEST', form?.csr() ?? Buffer.alloc(0)),
      not_after: '2199-01-01T00:00:00Z',
    });
    await expect(asked).rejects.toThrow(/beyond the end of the issuing certificate/);
  });
});
