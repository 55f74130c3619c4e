import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startCluster } from '../../kit/cluster.js';
import { run } from '../../kit/command.js';
import { PostgresServer } from '../../kit/postgres/server.js';
import type { SoftHsm } from './softhsm.js';

/** The second CA gets the place of the successor's key from the database, and uses the key in the token. */
export async function twoCas(hsm: SoftHsm): Promise<void> {
  const database = await PostgresServer.start();
  const { env, program } = hsm;
  const cluster = await startCluster({
    databaseUrl: database.url(),
    ras: 1,
    cas: 2,
    env,
    program: () => program,
  });
  try {
    const on = (ca: string, ...args: string[]) =>
      run(process.execPath, [program, ...args], {
        env: { ...env, UPKI_DATA_DIR: join(cluster.folder, ca), UPKI_CA_DATABASE_URL: database.url() },
      });
    const [, id = ''] =
      /^The issuer ([0-9a-f]{20}) signs from now on/.exec(await on('ca1', 'ca', 'rollover', 'issuer')) ?? [];
    const out = join(cluster.folder, 'administrator');
    await on('ca2', 'admin', 'add', 'two', '--out', out);
    const key = await readFile(join(cluster.folder, 'ca2', 'issuers', `${id}.key`), 'utf8');
    assert.match(key, /^pkcs11:token=upki;object=upki%20issuer/);
    const chain = join(out, 'two.crt');
    assert.match(
      await run('openssl', [
        'verify',
        '-CAfile',
        join(cluster.folder, 'ca2', 'ca.crt'),
        '-untrusted',
        chain,
        chain,
      ]),
      /: OK/,
    );
    const known: { id: string; dn: string }[] = JSON.parse(await on('ca2', 'ca', 'status', '--json'));
    const name = /CN=([^,]+)/.exec(known.find((each) => each.id === id)?.dn ?? '')?.[1] ?? 'nobody';
    assert.ok((await run('openssl', ['x509', '-in', chain, '-noout', '-issuer'])).includes(name), name);
    await cluster.stopInOrder();
  } finally {
    await cluster.stop();
    await database.remove();
  }
}
