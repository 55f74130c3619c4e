import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect } from 'vitest';
import { Member } from '../../../src/ca/authorities/member.js';
import { keyInFile } from '../../../src/ca/folder/signing-key.js';
import { CrlPublisher } from '../../../src/ca/revoke/crl-publisher.js';
import type { CaStore } from '../../../src/store/contract/ca.js';
import { StoreUnavailable } from '../../../src/store/contract/errors.js';
import { openCaStore } from '../../../src/store/index.js';
import { parseCrl } from '../../../src/x509/crl.js';
import { anAuthority, aRecord } from '../../../tools/kit/facts.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';
import { NOW, signingWorld } from '../../../tools/kit/signing-world.js';

export const MINUTE = 60_000;

export const HOUR = 60 * MINUTE;

export const DAY = 24 * HOUR;

export const VALIDITY = 7 * DAY;

export const { intermediate, issuerKey } = await signingWorld();

const key = keyInFile(issuerKey);

const log = pino({ level: 'silent' });

export const DATABASES = {
  async SQLite() {
    const folder = newFolder();
    return { location: join(folder, 'ca.db'), discard: () => rm(folder, { recursive: true }) };
  },
  async PostgreSQL() {
    const { url, drop } = await createDatabase();
    return { location: url, discard: drop };
  },
};

export let location: string;

export let store: CaStore;

export let asked: string[];

/** Calls that are carried out, but fail for the caller. */
export const answersLost = new Set<keyof CaStore>();

export let end: () => Promise<void>;

export async function open(database: keyof typeof DATABASES): Promise<void> {
  const made = await DATABASES[database]();
  location = made.location;
  const real = await openCaStore(location);
  asked = [];
  store = new Proxy(real, {
    get: (target, name: keyof CaStore) => {
      asked.push(name);
      if (!answersLost.has(name)) return target[name];
      return async (...args: never[]) => {
        await (target[name] as (...args: never[]) => unknown)(...args);
        throw new StoreUnavailable('the answer was lost');
      };
    },
  });
  end = async () => {
    await real.close();
    await made.discard();
  };
}

afterEach(() => end());

/** An issuer of its own in the store, its certificates, and publishers of its CRL, which share a clock. */
export async function anIssuer() {
  const record = anAuthority({ certificate: intermediate });
  await store.addAuthority(record, null);
  const issuer = new Member(record, key, null);
  const time = { now: NOW };
  const publisher = () => new CrlPublisher({ store, issuer, validity: VALIDITY, clock: () => time.now, log });
  const issue = async (life = 90 * DAY) => {
    const notAfter = time.now + life;
    const { certificate } = await store.recordCertificate(aRecord({ issuer: issuer.tag, notAfter }));
    return certificate.serial;
  };
  const listed = async (from: CrlPublisher) => {
    const { der, number } = await from.publish();
    const crl = parseCrl(der);
    expect(crl.number).toBe(BigInt(number));
    return crl.entries;
  };
  /** What a CRL that is made of all certificates lists at this moment. */
  const full = async () => {
    const page = { issuer: issuer.tag, after: null, limit: 1_000, endedFrom: time.now - VALIDITY };
    return (await store.listRevoked(page)).items;
  };
  return { issuer, time, publisher, issue, listed, full };
}

export const bySerial = (one: { serial: string }, other: { serial: string }) =>
  one.serial < other.serial ? -1 : 1;

export const serialsOf = (entries: readonly { serial: string }[]) =>
  entries.map(({ serial }) => serial).sort();
