import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startUpki } from '../../kit/upki.js';
import { type Member, population } from './population.js';
import { openCaStore, openRaStore } from './store.js';

/** Concurrent calls: one batch of the store, one commit. */
const GROUP = 500;
/** Number of members stored for lookups. */
const SAMPLES = 1_000;
const DONE = 'grown.json';

/** The facts of one member that lookups need. */
export type Sample = ReturnType<typeof sampleOf>;

/** A data directory of `upki start` whose stores contain a population. */
export interface Grown {
  dataDir: string;
  samples: Sample[];
}

/**
 * Makes a data directory and fills both stores through their own interfaces: accounts, orders, validated
 * authorizations and certificates, of which the first `revoked` unexpired ones are revoked. An existing directory is reused.
 */
export async function fill(
  dataDir: string,
  size: number,
  revoked: number,
  say: (line: string) => void,
): Promise<Grown> {
  const done = join(dataDir, DONE);
  const earlier = await readFile(done, 'utf8').catch(() => null);
  if (earlier !== null) return { dataDir, samples: JSON.parse(earlier) };
  await mkdir(dataDir, { recursive: true });
  const upki = await startUpki({ dataDir });
  await upki.stop();

  const now = Date.now();
  const member = population(size, now);
  const ra = await openRaStore(join(dataDir, 'ra/acme.db'));
  const ca = await openCaStore(join(dataDir, 'ca/ca.db'));
  const samples: Sample[] = [];
  const every = Math.max(1, Math.floor(size / SAMPLES));
  const began = performance.now();
  for (let first = 0; first < size; first += GROUP) {
    const members = Array.from({ length: Math.min(GROUP, size - first) }, (_, index) =>
      member(first + index),
    );
    const all = (step: (each: Member) => Promise<unknown>) => Promise.all(members.map(step));
    const signed = all(({ record }) => ca.recordCertificate(record));
    await all(({ account }) => ra.createAccount(account));
    await all(({ order, authorization }) => ra.createOrder(order, [authorization]));
    await all(({ authorization: { id, createdAt: at, expiresAt } }) =>
      ra.completeValidation(id, 'http-01', { answeredAt: at, at, error: null, expiresAt }),
    );
    await all(({ order, certificate }) => ra.recordIssuance(order.id, certificate));
    await signed;
    const ended = members.filter((_, index) => size - first - index <= revoked);
    await Promise.all(ended.map(({ record }) => ca.revoke(record.serial, now, 1)));
    samples.push(...members.filter((_, index) => (first + index) % every === 0).map(sampleOf));
    if (first % (GROUP * 200) === 0 && first > 0)
      say(`  ${first} of ${size} after ${((performance.now() - began) / 1000).toFixed(0)} s`);
  }
  await Promise.all([ra.close(), ca.close()]);
  await writeFile(done, JSON.stringify(samples));
  return { dataDir, samples };
}

function sampleOf({ account, order, authorization, certificate, record }: Member) {
  return {
    accountId: account.id,
    thumbprint: account.thumbprint,
    orderId: order.id,
    authorizationId: authorization.id,
    identifier: authorization.identifier,
    certificateId: certificate.id,
    serial: record.serial,
    ariId: certificate.ariId,
    cn: record.cn,
  };
}
