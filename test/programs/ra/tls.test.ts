import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { namesOfCertificate, requestFor } from '../../../src/programs/ra/certificate.js';
import { RaFiles } from '../../../src/programs/ra/files.js';
import { RaTls } from '../../../src/programs/ra/tls.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { CaWorld } from '../../support/world/ca.js';

const DAY = 86_400_000;
const world = new CaWorld();
let folder: string;
beforeAll(async () => {
  await world.start();
  folder = newFolder();
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

/** An RA with a certificate for `issued` that now wants others, at a time of its own. */
async function ra(issued: string[], wanted: string[]) {
  const files = new RaFiles(folder);
  const { tls: key } = await files.keys();
  const ca = await world.registered(issued[0]);
  const { certificate } = await ca.call('sign', { csr: requestFor(issued, key), profile: 'ra' });
  const { root } = await ca.call('get_ca_chain', {});
  let now = Date.now();
  const tls = new RaTls({
    files,
    ca,
    key,
    registration: { certificate },
    trust: { clientCa: () => [root], isToBeReplaced: () => false },
    wanted: async () => wanted,
    log: pino({ level: 'silent' }),
    clock: () => now,
  });
  const later = (milliseconds: number) => {
    now += milliseconds;
  };
  return { tls, certificate, later };
}

it('keeps a certificate that is as wanted, until two thirds of its life are over', async () => {
  const { tls, certificate, later } = await ra(['ra.test', '127.0.0.1'], ['ra.test', '127.0.0.1']);
  expect(await tls.refresh()).toBe(false);
  later(110 * DAY);
  expect(await tls.refresh()).toBe(false);
  later(15 * DAY);
  expect(await tls.refresh()).toBe(true);
  const renewed = tls.material().cert;
  expect(renewed).not.toBe(certificate);
  expect(await readFile(join(folder, 'ra.crt'), 'utf8')).toBe(renewed);
});

it('replaces one of the future as soon as the clock is right', async () => {
  const { tls, certificate, later } = await ra(['ra.test'], ['ra.test']);
  later(-2 * DAY);
  expect(await tls.refresh()).toBe(true);
  expect(tls.material().cert).not.toBe(certificate);
});

it('adds and removes names at the next start', async () => {
  const { tls } = await ra(['ra.test', 'old.test'], ['ra.test', 'new.test']);
  expect(await tls.refresh()).toBe(true);
  expect(namesOfCertificate(tls.material().cert)).toEqual(['ra.test', 'new.test']);
  expect(tls.names()).toEqual(['ra.test', 'new.test']);
  expect(await tls.refresh()).toBe(false);
});

it('keeps the old one while the CA is unreachable, and tries again', async () => {
  const { tls, certificate } = await ra(['ra.test'], ['ra.test', 'new.test']);
  await world.stop();
  expect(await tls.refresh()).toBe(false);
  expect(tls.material().cert).toBe(certificate);
  await world.start();
});
