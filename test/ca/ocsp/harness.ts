import { pino } from 'pino';
import { afterEach } from 'vitest';
import { firstFromPem } from '../../../src/x509/pem.js';
import { certId, type HashName, ocspRequest, readOcsp } from '../../support/ocsp.js';
import { requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';

export const DAY = 86_400_000;

export const HOUR = 3600_000;

const ending: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of ending.splice(0)) await each.close();
});

/** A CA whose time is ours, a registered RA, and a count of signatures of OCSP responses. */
export async function start(...worldOptions: ConstructorParameters<typeof CaWorld>) {
  const time = { now: Date.now() };
  const signed = { count: 0 };
  const [changes = {}, init = {}] = worldOptions;
  const log = pino(
    { level: 'debug' },
    {
      write: (line: string) => {
        if (line.includes('OCSP response signed')) signed.count += 1;
      },
    },
  );
  const clock = () => time.now;
  const world = new CaWorld({ clock, log, ...changes }, { clock, ...init });
  ending.push(world);
  await world.start();
  return { world, time, signed, ...(await connect(world)) };
}

export async function connect(world: CaWorld) {
  const ra = await world.registered();
  const { root, chain } = await ra.call('get_ca_chain', {});
  const issuer = firstFromPem('CERTIFICATE', chain || root);
  const send = async (request: Uint8Array) => {
    const answer = await ra.call('ocsp_respond', { request: Buffer.from(request).toString('base64') });
    return { ...answer, response: Buffer.from(answer.response, 'base64') };
  };
  const ask = async (serial: string, more: { nonce?: Uint8Array; hash?: HashName } = {}) =>
    readOcsp((await send(ocspRequest([certId(issuer, serial, more.hash)], more))).response, issuer);
  const statusOf = async (serial: string) => (await ask(serial)).answers[0]?.status;
  const issue = async (name: string) => (await ra.call('sign', { csr: requestPem([name]) })).serial;
  return { ra, issuer, send, ask, statusOf, issue };
}
