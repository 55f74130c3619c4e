import { describe, expect, it } from 'vitest';
import { accountLabel } from '../../src/va/dns-account-01.js';
import { DIGEST, dnsZone, failure, validate } from './world.js';

const URL_NOW = 'https://ra.example.test/acme/account/1';
const FORMER = 'https://old.example.test/acme/account/1';
const asked = { type: 'dns-account-01', accountUris: async () => [URL_NOW, FORMER] } as const;
const nameOf = (url: string) => `${accountLabel(url)}._acme-challenge.app.example.test`;

describe('dns-account-01 (draft-ietf-acme-dns-account-label-01)', () => {
  it('the label of an account URL matches the draft’s example', () => {
    expect(accountLabel('https://example.com/acme/acct/ExampleAccount')).toBe('_ujmmovf2vn55tgye');
  });

  it.each([
    ['the account’s current URL', URL_NOW],
    ['the URL from before the RA was renamed', FORMER],
  ])('a name is proven under the label made of %s', async (_, url) => {
    const dns = await dnsZone({ [`TXT ${nameOf(url)}`]: { records: [{ txt: [DIGEST] }] } });
    expect((await validate(dns, asked)).ok).toBe(true);
  });

  it('a record at dns-01’s name or under another account’s label proves nothing', async () => {
    const dns = await dnsZone({
      'TXT _acme-challenge.app.example.test': { records: [{ txt: [DIGEST] }] },
      [`TXT ${nameOf('https://ra.example.test/acme/account/2')}`]: { records: [{ txt: [DIGEST] }] },
    });
    const { type, detail } = failure(await validate(dns, asked));
    expect(type).toBe('dns');
    expect(detail).toContain(nameOf(URL_NOW));
  });

  it('a record with another value is reported', async () => {
    const dns = await dnsZone({ [`TXT ${nameOf(URL_NOW)}`]: { records: [{ txt: ['other'] }] } });
    expect(failure(await validate(dns, asked)).detail).toContain('"other"');
  });

  it('an IP address is refused as malformed', async () => {
    const identifier = { type: 'ip', value: '192.0.2.1' } as const;
    expect(failure(await validate(await dnsZone(), { ...asked, identifier }))).toMatchObject({
      type: 'malformed',
      retryable: false,
    });
  });
});
