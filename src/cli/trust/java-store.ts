import { join } from 'node:path';
import { type Root, shownFingerprint } from '../../pages/roots.js';
import {
  entryName,
  isExecutable,
  mustRun,
  programOnPath,
  StoreTrouble,
  type TrustStore,
  withFile,
} from './store.js';

/** The default passphrase of Java's store, which protects nothing. */
const STORE = ['-cacerts', '-storepass', 'changeit'];

/** Java's store: that of JAVA_HOME, or of the keytool on the path. Null without Java. */
export function javaStore(): TrustStore | null {
  const home = process.env.JAVA_HOME;
  const own = home ? join(home, 'bin', 'keytool') : null;
  const keytool = own !== null && isExecutable(own) ? own : programOnPath('keytool');
  if (keytool === null) return null;
  const aliasesOf = async (root: Root) =>
    aliasesIn((await mustRun(keytool, ['-list', ...STORE])).toString('utf8'), shownFingerprint(root));
  return {
    name: `Java (${keytool})`,
    kind: 'java',
    has: async (root) => (await aliasesOf(root)).length > 0,
    add: (root) =>
      withFile(root, (file) =>
        change(keytool, ['-importcert', ...STORE, '-noprompt', '-alias', entryName(root), '-file', file]),
      ),
    remove: async (root) => {
      // Debian's package copies the certificates of the system store, under a name derived from the file name.
      const ours = [entryName(root), `debian:${entryName(root)}.pem`];
      const found = (await aliasesOf(root)).filter((alias) => ours.includes(alias));
      for (const alias of found) await change(keytool, ['-delete', ...STORE, '-alias', alias]);
      return found.length > 0;
    },
  };
}

/** Aliases of the entries with a fingerprint, in what `keytool -list` prints: an entry is two lines. */
function aliasesIn(listed: string, fingerprint: string): string[] {
  const lines = listed.split('\n');
  return lines.flatMap((line, index) => {
    if (!line.includes(fingerprint)) return [];
    const [, alias] = /^(.+?), .*(?:trustedCertEntry|PrivateKeyEntry)/.exec(lines[index - 1] ?? '') ?? [];
    return alias === undefined ? [] : [alias];
  });
}

async function change(keytool: string, args: string[]): Promise<void> {
  try {
    await mustRun(keytool, args);
  } catch (error) {
    if (error instanceof StoreTrouble && /Permission denied|AccessDenied|FileNotFound/.test(error.message))
      throw new StoreTrouble('only its owner can change it: run this command with sudo', true);
    throw error;
  }
}
