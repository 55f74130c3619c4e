import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { keyFromPem } from '../../../src/ca/folder/keys.js';
import { stringifyJson } from '../../../src/lib/json.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { unsignedCrl } from '../../../src/x509/crl.js';
import { encodeCrlEntries } from '../../../src/x509/crl-entries.js';
import { dn, encodeName } from '../../../src/x509/name.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { generateSigningKey, type SigningKey } from '../../../tools/kit/jws-signer.js';
import { createTestPki, type LeafOptions, type TestPki } from '../../../tools/kit/test-pki.js';

const DAY = 86_400_000;
/** A serial that a double would round. */
let serial = 0x34bf3ff2_9853_9e6e_e2c2_e84a_588a_7966_291b_fb00n;

/** Data folders as upki-ca and upki-ra leave them, made without either. */
export class PythonFolders {
  readonly base = newFolder();
  readonly ca = join(this.base, 'ca');
  readonly ra = join(this.base, 'ra');
  /** Its root has no subject key identifier, like the real one's. */
  readonly pki: TestPki = createTestPki('uPKI Root CA');
  readonly #serials: object[] = [];
  readonly #nodes: object[] = [];
  readonly #admins: object[] = [];
  readonly #crl: { serial: string; at: number }[] = [];
  readonly #db: InstanceType<typeof DatabaseSync>;

  constructor() {
    for (const folder of ['certs', 'private', 'profiles', 'crls', 'reqs']) {
      mkdirSync(join(this.ca, folder), { recursive: true });
    }
    mkdirSync(this.ra);
    this.write('ca.key', this.pki.rootKey);
    this.write('ca.crt', this.pki.root);
    this.write('certs/ca.crt', this.pki.root);
    this.write('private/ca.key', this.pki.rootKey);
    this.#db = new DatabaseSync(join(this.ra, 'acme.db'));
    // What was written last stands in the -wal file, as in a folder of a running program.
    this.#db.exec(`PRAGMA journal_mode = WAL;
      CREATE TABLE accounts (id TEXT PRIMARY KEY, jwk TEXT NOT NULL, data TEXT NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
      CREATE TABLE orders (id TEXT PRIMARY KEY, account_id TEXT NOT NULL, data TEXT NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)`);
    this.save();
  }

  /** Issues, keeping the newest of the name only; answers the PEM. */
  issue(cn: string, options: LeafOptions & { days?: number; withKey?: boolean } = {}): string {
    const { days = 60, withKey = false, ...rest } = options;
    const number = (++serial).toString(16);
    const notBefore = rest.notBefore ?? Math.floor(Date.now() / 1000) * 1000;
    const { cert, key } = this.pki.leaf({
      ...{ commonName: cn, names: [cn], serial: number, notBefore, notAfter: notBefore + days * DAY },
      ...rest,
    });
    this.write(`certs/${cn}.crt`, cert);
    if (withKey) this.write(`private/${cn}.key`, key);
    this.#serials.push({ serial, dn: cn, revoked: false, revoke_reason: '' });
    this.save();
    return cert;
  }

  revoke(pem: string, cn: string, reason: string, more: object = {}): void {
    const at = Math.floor(Date.now() / 1000) * 1000;
    const hex = hexOf(pem);
    this.#crl.push({ serial: hex, at });
    const date = `${new Date(at).toISOString().replace('Z', '')}+00:00`;
    const node = {
      revoked: true,
      revoke_date: date,
      revoke_reason: reason,
      revoke_serial: BigInt(`0x${hex}`),
    };
    this.#nodes.push({ dn: cn, cn, ...node, ...more });
    this.save();
  }

  admin(subject: string): void {
    this.#admins.push({ dn: subject });
    this.save();
  }

  /** An account that RA made. */
  account(more: object = {}): { id: string; key: SigningKey } {
    const key = generateSigningKey();
    const created_at = '2026-03-01T10:00:00.123456+00:00';
    const data = { status: 'valid', contact: ['mailto:admin@example.test'], created_at, ...more };
    const whole = { id: key.thumbprint, jwk: key.jwk, ...data };
    this.#db
      .prepare('INSERT INTO accounts (id, jwk, data) VALUES (?, ?, ?)')
      .run(key.thumbprint, JSON.stringify(key.jwk), JSON.stringify(whole));
    return { id: key.thumbprint, key };
  }

  order(id: string, accountId: string, name: string, certificate: string | null, more: object = {}): void {
    const data = {
      ...{ id, account_id: accountId, status: certificate === null ? 'ready' : 'valid', profile: 'webapp' },
      ...{ identifiers: [{ type: 'dns', value: name }], created_at: '2026-03-02T10:00:00+00:00' },
      ...(certificate !== null && { certificate: certificate + this.pki.root }),
      ...more,
    };
    this.#db
      .prepare('INSERT INTO orders (id, account_id, data) VALUES (?, ?, ?)')
      .run(id, accountId, JSON.stringify(data));
  }

  write(path: string, content: string | Uint8Array): void {
    writeFileSync(join(this.ca, path), content);
  }

  private save(): void {
    const table = (rows: object[]) =>
      stringifyJson({ _default: Object.fromEntries(rows.map((row, index) => [String(index + 1), row])) });
    this.write('.serials.json', table(this.#serials));
    this.write('.nodes.json', this.#nodes.length === 0 ? '' : table(this.#nodes));
    this.write('.admins.json', this.#admins.length === 0 ? '' : table(this.#admins));
    if (this.#crl.length === 0) return;
    const now = Date.now();
    const signer = signerFor(keyFromPem(this.pki.rootKey, null, 'root'));
    const { toBeSigned, signedWith } = unsignedCrl(
      {
        issuer: encodeName(dn(['CN', 'uPKI Root CA'])),
        authorityKeyIdentifier: Buffer.alloc(20),
        ...{ thisUpdate: now, nextUpdate: now + 7 * DAY, number: 1n },
        entries: [
          encodeCrlEntries(this.#crl.map(({ serial, at }) => ({ serial, revokedAt: at, reason: null }))),
        ],
      },
      signer.algorithm,
    );
    this.write('crls/ca.crl', signedWith(signer.sign(toBeSigned)));
  }

  /** Every file with the hash of what it holds. */
  snapshot(): Record<string, string> {
    const files = readdirSync(this.base, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    return Object.fromEntries(
      files.map(({ parentPath, name }) => {
        const path = join(parentPath, name);
        return [path, createHash('sha256').update(readFileSync(path)).digest('hex')];
      }),
    );
  }

  remove(): void {
    this.#db.close();
    rmSync(this.base, { recursive: true, force: true });
  }
}

/** The serial as the program writes it. */
export const hexOf = (pem: string): string => new X509Certificate(pem).serialNumber.toLowerCase();
