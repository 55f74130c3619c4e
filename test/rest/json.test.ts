import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type IssuedHolder, JoinedWorld } from '../support/world/joined.js';

const world = new JoinedWorld();
let alice: IssuedHolder;
beforeAll(async () => {
  await world.start();
  alice = world.alice;
});
afterAll(() => world.close());

/** The body as it is, not made by JSON.stringify. */
async function post(path: string, text: string) {
  const connection = await world.connect({ ...alice });
  const head = `POST /api/v1${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;
  try {
    return await connection.raw(`${head}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  } finally {
    connection.socket.destroy();
  }
}

describe('JSON bodies', () => {
  it.each([
    ['a member twice', '{"dn":"/CN=bob","dn":"/CN=mallory"}'],
    ['a member twice, once escaped', '{"dn":"/CN=bob","\\u0064n":"/CN=mallory"}'],
    ['a member twice, deeper', '{"dn":"/CN=bob","x":{"a":1,"a":2}}'],
    ['half a character', '{"dn":"/CN=\\ud800"}'],
    ['something behind it', '{"dn":"/CN=bob"}{}'],
    ['a comment', '{"dn":"/CN=bob"/**/}'],
    ['depth', `{"dn":${'['.repeat(5_000)}${']'.repeat(5_000)}}`],
    ['no end', '{"dn":"/CN=bob"'],
  ])('are refused with %s', async (_, text) => {
    const { status, json } = await post('/private/admins', text);
    expect([status, json.code]).toEqual([400, 'invalidRequest']);
  });

  it('that are empty are none', async () => {
    expect((await post('/private/crl/generate', '')).status).toBe(200);
    expect((await post('/private/admins', '')).json).toMatchObject({ code: 'invalidRequest' });
  });

  it('name no prototype', async () => {
    const { json } = await post('/private/admins', '{"dn":"/CN=bob","__proto__":{"role":"root"}}');
    expect(json).toMatchObject({ code: 'invalidRequest', field: '__proto__' });
  });
});
