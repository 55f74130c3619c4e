import { describe, expect, it } from 'vitest';
import { CaClient } from '../../../src/ra/ca/client.js';
import { authoritiesWith } from '../../../src/ra/ca/find-authority.js';

/** A CA that has one profile and one issuer more each time it is asked. */
function growing() {
  const asked: string[] = [];
  const call = async (task: string) => {
    asked.push(task);
    const times = asked.filter((each) => each === task).length;
    const numbers = Array.from({ length: times }, (_, index) => index + 1);
    if (task === 'list_acme_profiles')
      return numbers.map((number) => ({ name: `profile-${number}`, description: '', max_validity: 86_400 }));
    return { authorities: numbers.map((number) => issuer(`issuer-${number}`)) };
  };
  return { asked, ca: new CaClient({ client: { call } as never }) };
}

const issuer = (id: string) => ({
  ...{ id, kind: 'issuer', state: 'active', certificate: '', chain: '', root: 'root', of: null, first: true },
  ...{ key_id: id, renew_from: null, warning: null },
});

describe('the RA’s cached information about its CA', () => {
  it('is cached for seconds, and requested again by a caller that needs the current state', async () => {
    const { ca } = growing();
    const names = async (when?: 'now') => (await ca.profiles(when)).map(({ name }) => name);
    expect([await names(), await names()]).toEqual([['profile-1'], ['profile-1']]);
    expect(await names('now')).toEqual(['profile-1', 'profile-2']);
    expect(await names()).toEqual(['profile-1', 'profile-2']);
  });

  it('contains an issuer that was just made, and is not requested again when the issuer is known', async () => {
    const { ca, asked } = growing();
    const has = async (id: string) =>
      (await authoritiesWith(ca, (each) => each.id === id)).some((each) => each.id === id);
    expect([await has('issuer-1'), await has('issuer-1'), asked.length]).toEqual([true, true, 1]);
    expect([await has('issuer-2'), await has('issuer-2'), asked.length]).toEqual([true, true, 2]);
    expect(await has('issuer-9')).toBe(false);
  });
});
