import { describe, expect, it } from 'vitest';
import { isAdmin } from '../../src/api/admins.js';

const ALICE = { dn: 'CN=alice,OU=Admins,O=Company,C=FR', profile: 'admin', status: 'good' };

const ask = (certificate: typeof ALICE, admins: string[]) =>
  isAdmin({ admins: async () => admins, certificate: async () => certificate }, '00');

describe('the holder of a certificate is an administrator', () => {
  it.each([
    '/C=FR/O=Company/OU=Admins/CN=alice',
    'CN=alice,OU=Admins,O=Company,C=FR',
    '/CN=alice',
    'CN=Alice',
    'alice',
  ])('when the list says %s', async (entry) => {
    expect(await ask(ALICE, ['/CN=other', entry])).toBe(true);
  });
  it.each([
    '/CN=bob',
    '/OU=Admins',
    '/O=Other/CN=alice',
    '',
    'nonsense=1',
    '/CN=alice/OU=Users',
  ])('not when the list says %j', async (entry) => {
    expect(await ask(ALICE, [entry])).toBe(false);
  });
  it('not when the list is empty', async () => {
    expect(await ask(ALICE, [])).toBe(false);
  });
  it.each(['revoked', 'expired'])('not once the certificate is %s', async (status) => {
    expect(await ask({ ...ALICE, status }, ['/CN=alice'])).toBe(false);
  });
  it.each([
    'server',
    'webapp',
    'user',
    'ra',
  ])('not with a certificate of profile %s, whatever its name', async (profile) => {
    expect(await ask({ ...ALICE, profile }, ['/CN=alice'])).toBe(false);
  });
});
