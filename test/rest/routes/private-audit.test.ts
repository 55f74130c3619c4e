import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IssuedHolder, JoinedWorld } from '../../support/world/joined.js';

const world = new JoinedWorld();
let ann: IssuedHolder;
beforeAll(async () => {
  await world.start();
  ann = await world.admin('ann', 'auditor');
});
afterAll(() => world.close());

interface Page {
  records: { sequence: number; entry: string }[];
  next: string | null;
}

async function pageOf(query: string): Promise<Page> {
  const answer = await world.ask(`/private/audit${query}`, ann);
  expect(answer.status).toBe(200);
  return answer.json.data as Page;
}

describe('the audit log (private/audit)', () => {
  it('is readable by an auditor, newest first, page by page', async () => {
    const alice = world.alice;
    for (const cn of ['a', 'b', 'c']) {
      await world.ask('/private/admins', alice, { method: 'POST', body: { dn: `CN=${cn}` } });
    }
    const first = await pageOf('?limit=2');
    const told = first.records.map(({ entry }) => JSON.parse(entry).details.dn);
    expect(told).toEqual(['CN=c', 'CN=b']);
    const second = await pageOf(`?limit=2&cursor=${first.next}`);
    expect(JSON.parse(second.records[0]?.entry ?? '').details.dn).toBe('CN=a');
    const heads = await world.ask('/private/audit/heads', ann);
    expect(heads.json.data).toEqual({
      heads: [{ chain: 0, sequence: first.records[0]?.sequence }],
      cuts: [],
    });
  });

  it('is readable by no other client', async () => {
    expect((await world.ask('/private/audit', null)).status).toBe(401);
    expect((await world.ask('/private/audit', await world.unlisted('eve'))).status).toBe(403);
  });

  it.each([
    '0',
    '0.0',
    '0.-1',
    '0.1-0.2',
    'a.b',
    '0.1e3',
    '0.9999999999999999',
    '1.1-',
  ])('a cursor %s is refused by its name', async (cursor) => {
    const answer = await world.ask(`/private/audit?cursor=${cursor}`, ann);
    expect([answer.status, answer.json.field]).toEqual([400, 'cursor']);
  });
});
