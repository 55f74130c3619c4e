import { describe, expect, it } from 'vitest';
import { accountLabel } from '../../src/va/dns-account-01.js';
import { DIGEST, dnsZone, failure, validate } from './world.js';

const URL_NOW = 'https://ra.example.test/acme/account/1';
const FORMER = 'https://old.example.test/acme/account/1';
const asked = { type: 'dns-account-01', accountUris: async () => [URL_NOW, FORMER] } as const;
const nameOf = (url: string) => `${accountLabel(url)}._acme-challenge.app.example.test`;

describe('draft-ietf-acme-dns-account-label-01 dns-account-01', () => {
  it("the label is the draft's example", () => {
    expect(accountLabel('https://example.com/acme/acct/ExampleAccount')).toBe('_ujmmovf2vn55tgye');
  });

  it.each([
    ['the URL of today', URL_NOW],
    ['the URL it had before the RA was renamed', FORMER],
  ])("is proven under the account's label, made of %s", async (_, url) => {
    const dns = await dnsZone({ [`TXT ${nameOf(url)}`]: { records: [{ txt: [DIGEST] }] } });
    expect((await validate(dns, asked)).ok).toBe(true);
  });

  it('is not proven where dns-01 is, nor under the label of another account', async () => {
    const dns = await dnsZone({
      'TXT _acme-challenge.app.example.test': { records: [{ txt: [DIGEST] }] },
      [`TXT ${nameOf('https://ra.example.test/acme/account/2')}`]: { records: [{ txt: [DIGEST] }] },
    });
    const { type, detail } = failure(await validate(dns, asked));
    expect(type).toBe('dns');
    expect(detail).toContain(nameOf(URL_NOW));
  });

  it('another value is told', async () => {
    const dns = await dnsZone({ [`TXT ${nameOf(URL_NOW)}`]: { records: [{ txt: ['other'] }] } });
    expect(failure(await validate(dns, asked)).detail).toContain('"other"');
  });

  it('an IP address is malformed', async () => {
    const identifier = { type: 'ip', value: '192.0.2.1' } as const;
    expect(failure(await validate(await dnsZone(), { ...asked, identifier }))).toMatchObject({
      type: 'malformed',
      retryable: false,
    });
  });
});
