import { afterEach, describe, expect, it } from 'vitest';
import { DAY, HOUR, MINUTE } from '../../src/lib/time.js';
import { authorityKeyId, parseCertificate } from '../../src/x509/certificate.js';
import { firstFromPem, fromPem } from '../../src/x509/pem.js';
import { requestPem } from '../support/requests.js';
import { JoinedWorld } from '../support/world/joined.js';

const worlds: JoinedWorld[] = [];
afterEach(async () => {
  for (const each of worlds.splice(0)) await each.close();
});

/** How long issuers last. */
const ISSUER = 5 * 365 * DAY;
const NAME = 'app.example.test';
const BY = { who: 'operator test', from: 'local' };

/** A CA whose issuer ends in half an hour and is succeeded by a command only, as one whose root is elsewhere; an RA; a node. */
async function nearTheEnd() {
  const time = { offset: 0 };
  const clock = () => Date.now() + time.offset;
  const world = new JoinedWorld({
    background: true,
    ca: {
      changes: { clock, succeedAt: 100 },
      init: { clock: () => Date.now() - ISSUER + HOUR / 2 },
    },
  });
  worlds.push(world);
  await world.start();
  const { client } = await world.acme(await world.enrolled({ cn: NAME }));
  const pass = (milliseconds: number) => {
    time.offset += milliseconds;
    world.time.offset += milliseconds;
  };
  return { world, client, clock, pass };
}

const csr = () => fromPem('CERTIFICATE REQUEST', requestPem([NAME]))[0] ?? Buffer.alloc(0);

describe('an order at the end of the issuer', () => {
  it('waits, is never invalid, and is valid by the next issuer when there is one (RFC 8555 §7.4)', async () => {
    const { world, client, clock, pass } = await nearTheEnd();
    const order = await client.newOrder([NAME]);
    expect(order.body.status).toBe('ready');
    pass(40 * MINUTE);
    const told = await client.finalize(order, csr()).catch((error: unknown) => error);
    expect(told).toMatchObject({
      status: 503,
      problem: { type: 'urn:ietf:params:acme:error:serverInternal' },
    });
    expect((await client.order(order.url)).status).toBe('processing');
    const made = await world.ca.onSet(({ succession }) => succession.makeIssuer(BY), clock);
    const final = await client.poll<typeof order.body>(order.url, ({ status }) => status !== 'processing');
    expect(final.status).toBe('valid');
    const chain = await client.download(final.certificate ?? '');
    expect(authorityKeyId(parseCertificate(firstFromPem('CERTIFICATE', chain)))).toBe(made?.keyId);
  }, 60_000);

  it('is issued at once when a command made the next issuer this moment', async () => {
    const { world, client, clock, pass } = await nearTheEnd();
    const order = await client.newOrder([NAME]);
    pass(40 * MINUTE);
    await world.ca.onSet(({ succession }) => succession.makeIssuer(BY), clock);
    expect((await client.finalize(order, csr())).status).toBe('valid');
  }, 60_000);
});
