import { describe, expect, it } from 'vitest';
import { namesAdministrator } from '../../src/model/administrators.js';

const ALICE = { dn: 'CN=alice,OU=Admins,O=Company,C=FR', profile: 'admin' };

const ask = (certificate: typeof ALICE, admins: string[]) => namesAdministrator(certificate, admins);

describe('the holder of a certificate is an administrator', () => {
  it.each([
    '/C=FR/O=Company/OU=Admins/CN=alice',
    'CN=alice,OU=Admins,O=Company,C=FR',
    '/CN=alice',
    'CN=Alice',
    'alice',
  ])('when the list says %s', (entry) => {
    expect(ask(ALICE, ['/CN=other', entry])).toBe(true);
  });
  it.each([
    '/CN=bob',
    '/OU=Admins',
    '/O=Other/CN=alice',
    '',
    'nonsense=1',
    '/CN=alice/OU=Users',
  ])('not when the list says %j', (entry) => {
    expect(ask(ALICE, [entry])).toBe(false);
  });
  it('not when the list is empty', () => {
    expect(ask(ALICE, [])).toBe(false);
  });
  it.each([
    'server',
    'webapp',
    'user',
    'ra',
  ])('not with a certificate of profile %s, whatever its name', (profile) => {
    expect(ask({ ...ALICE, profile }, ['/CN=alice'])).toBe(false);
  });
});
