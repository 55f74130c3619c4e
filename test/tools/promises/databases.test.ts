import { X509Certificate } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { readDatabases } from '../../../tools/promises/databases.js';
import { judgeDatabases } from '../../../tools/promises/judge-databases.js';
import { promised } from './world.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Both databases as they are after one account got and revoked one certificate; `tamper` is SQL for each. */
async function judged(tamper: { ra?: string; ca?: string } = {}) {
  const { ledger, certified, found } = promised();
  const { order, chain } = certified();
  order.revocation = { reason: 1, promised: true };
  const { raw, serialNumber } = new X509Certificate(chain);
  const folder = newFolder();
  folders.push(folder);
  for (const program of ['ra', 'ca']) mkdirSync(join(folder, program));

  const ra = openDatabase(join(folder, 'ra/acme.db'), 'ra');
  ra.exec(`
    INSERT INTO accounts (id, thumbprint, jwk, contact, created_at) VALUES ('a1', 't', '{}', '[]', 0);
    INSERT INTO orders (id, account_id, identifiers, authorization_ids, profile, created_at, expires_at, certificate_id)
      VALUES ('o1', 'a1', '[]', '[]', 'server', 0, 0, 'o1');`);
  ra.prepare(
    `INSERT INTO certificates VALUES ('o1', 'o1', 'a1', ?, 'ari', 'f', '[]', ?, 0, 0, NULL, NULL, NULL)`,
  ).run(serialNumber.toLowerCase(), chain);
  ra.exec(tamper.ra ?? '');
  ra.close();
  const ca = openDatabase(join(folder, 'ca/ca.db'), 'ca');
  ca.prepare(
    `INSERT INTO certificates (serial, cn, dn, profile, identifiers, not_before, not_after, order_id, account_id, issued_at, revoked_at, reason, der)
      VALUES (?, 'cn', 'dn', 'server', '[]', 0, 0, 'o1', 'a1', 0, 5, 1, ?)`,
  ).run(serialNumber.toLowerCase(), raw);
  ca.exec(tamper.ca ?? '');
  ca.close();

  judgeDatabases(await readDatabases(folder), ledger);
  return { found: found(), findings: ledger.findings.map(({ what }) => what).join('\n') };
}

describe('the databases after a crash', () => {
  it('match the promises if nothing is missing', async () => {
    expect((await judged()).findings).toBe('');
  });

  it.each([
    ['account', { ra: 'PRAGMA foreign_keys = OFF; DELETE FROM accounts' }, /account\/a1 is not in the RA/],
    ['order', { ra: 'DELETE FROM orders' }, /order\/o1 is not in the RA/],
    ["certificate, the RA's", { ra: 'DELETE FROM certificates' }, /the certificate of .*o1, in the RA/],
    ["certificate, the CA's", { ca: 'DELETE FROM certificates' }, /order o1 is not in the CA/],
    ['revocation', { ca: 'UPDATE certificates SET revoked_at = NULL' }, /the revocation of .*o1, in the CA/],
  ])('reveal a lost %s', async (_, tamper, words) => {
    const { found, findings } = await judged(tamper);
    expect(findings).toMatch(words);
    expect(found).toContain('lost');
  });

  it('reveal work that never ended', () => {
    const { ledger, found } = promised();
    const accounts = [{ id: 'a1', deactivated: false }];
    judgeDatabases({ accounts, orders: [], certificates: [], issued: [], unfinished: 1 }, ledger);
    expect(found()).toEqual(['lost']);
  });

  it('reveal an issued certificate that the RA does not know', async () => {
    const { findings } = await judged({
      ca: `INSERT INTO certificates SELECT 'aa', cn, dn, profile, identifiers, 0, 0, 'o2', 'a1', 0, NULL, NULL, NULL, der, issuer
           FROM certificates`,
    });
    expect(findings).toContain('the CA issued for order o2');
  });

  it('reveal an order with two certificates, and a duplicate serial', async () => {
    const { found, findings } = await judged({
      // Without what makes both impossible, as a lost index would.
      ca: `DROP INDEX certificates_by_order; CREATE TABLE copy AS SELECT * FROM certificates;
           INSERT INTO copy SELECT * FROM certificates; DROP TABLE certificates; ALTER TABLE copy RENAME TO certificates`,
    });
    expect(findings).toContain('an order has two certificates at the CA: o1');
    expect(findings).toMatch(/a serial is there twice at the CA/);
    expect(found).toEqual(['doubled', 'doubled']);
  });

  it('reveal a certificate that differs from the download and from the other database', async () => {
    const { found } = await judged({ ra: "UPDATE certificates SET chain = 'other'" });
    expect(found.sort()).toEqual(['contradictory', 'doubled']);
  });
});
