import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { run } from '../../kit/command.js';
import type { Tools } from '../../kit/tools.js';
import type { World } from './world.js';

/** Where Debian's chromium reads what an administrator of the machine decides. */
const POLICIES = '/etc/chromium/policies/managed';

/**
 * Chromium as a person has it: the root and the PKCS #12 file of somebody imported into its certificate store (NSS), and a policy of
 * the machine that spares the question which certificate to present. Nothing of it is left behind after `close`.
 */
export async function browserWithCertificate(
  { upki }: World,
  who: string,
  executablePath: string,
  tools: Tools,
): Promise<{ context: BrowserContext; close(): Promise<void> }> {
  const certutil = await tools.apt('libnss3-tools', 'certutil');
  const home = await mkdtemp(join(tmpdir(), 'upki-chromium-'));
  const policy = join(POLICIES, `upki-${process.pid}.json`);
  const remove = async () => {
    await rm(policy, { force: true });
    await rm(home, { recursive: true, force: true });
  };
  try {
    const store = join(home, '.pki/nssdb');
    const database = ['-d', `sql:${store}`];
    await mkdir(store, { recursive: true });
    await run(certutil, ['-N', ...database, '--empty-password']);
    await run(certutil, ['-A', ...database, '-n', 'root', '-t', 'C,,', '-i', upki.rootPath]);
    // As `upki admin add` wrote it.
    const own = [
      '-i',
      join(upki.dataDir, who, `${who}.p12`),
      '-w',
      join(upki.dataDir, 'passphrase'),
      '-K',
      '',
    ];
    await run(certutil.replace(/certutil$/, 'pk12util'), [...own, ...database]);
    const { origin } = new URL(upki.baseUrl);
    await mkdir(POLICIES, { recursive: true });
    await writeFile(
      policy,
      JSON.stringify({ AutoSelectCertificateForUrls: [JSON.stringify({ pattern: origin, filter: {} })] }),
    );
    const context = await chromium.launchPersistentContext(join(home, 'profile'), {
      executablePath,
      args: ['--no-sandbox'],
      env: { ...process.env, HOME: home },
    });
    return {
      context,
      async close() {
        await context.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
