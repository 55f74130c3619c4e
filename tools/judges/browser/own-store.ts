import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { run } from '../../kit/command.js';
import { newFolder } from '../../kit/folder.js';
import type { Tools } from '../../kit/tools.js';
import type { World } from './world.js';

/** Where Debian's Chromium reads the machine's policies. */
const POLICIES = '/etc/chromium/policies/managed';

/** A certificate that a user has imported into a browser. */
export interface OwnCertificate {
  /** The PKCS #12 file, and the file with its passphrase. */
  file: string;
  passphraseFile: string;
  /**
   * Whether a policy of the machine presents it whenever a server requests one. Without the policy Chromium prompts its user, who is
   * absent, so the page never loads.
   */
  presented: boolean;
}

/** The files that `upki admin add` wrote. */
export const certificateOf = (
  { upki: { dataDir } }: World,
  who: string,
): Omit<OwnCertificate, 'presented'> => ({
  file: join(dataDir, who, `${who}.p12`),
  passphraseFile: join(dataDir, 'passphrase'),
});

/**
 * Chromium as a user has it: the root and a certificate are imported into its certificate store (NSS). `close` removes
 * everything.
 */
export async function browserWithCertificate(
  { upki }: World,
  { file, passphraseFile, presented }: OwnCertificate,
  executablePath: string,
  tools: Tools,
): Promise<{ context: BrowserContext; close(): Promise<void> }> {
  const certutil = await tools.apt('libnss3-tools', 'certutil');
  const home = newFolder('chromium');
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
    const own = ['-i', file, '-w', passphraseFile, '-K', ''];
    await run(certutil.replace(/certutil$/, 'pk12util'), [...own, ...database]);
    if (presented) {
      const { origin } = new URL(upki.baseUrl);
      await mkdir(POLICIES, { recursive: true });
      const choice = JSON.stringify({ pattern: origin, filter: {} });
      await writeFile(policy, JSON.stringify({ AutoSelectCertificateForUrls: [choice] }));
    }
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
