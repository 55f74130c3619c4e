import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Root } from '../../pages/roots.js';
import {
  entryName,
  mustRun,
  programOnPath,
  runProgram,
  StoreTrouble,
  type TrustStore,
  withFile,
} from './store.js';

/** Folders of NSS databases below a user's home: they contain cert9.db, or profiles that do. */
const CHROMIUM = ['.pki/nssdb', 'snap/chromium/current/.pki/nssdb'];
const FIREFOX = [
  '.mozilla/firefox',
  '.config/mozilla/firefox',
  'snap/firefox/common/.mozilla/firefox',
  '.var/app/org.mozilla.firefox/.mozilla/firefox',
];
const DATABASE = 'cert9.db';
/** NSS trust flags: a CA trusted only to issue server certificates. */
const TRUST = 'C,,';

/** The databases of one user's browsers, each of which is a store. */
export async function nssStores(home: string): Promise<TrustStore[]> {
  const stores: TrustStore[] = [];
  for (const path of CHROMIUM) {
    const folder = join(home, path);
    if ((await names(folder)).includes(DATABASE)) stores.push(storeOf(`Chromium (${folder})`, folder));
  }
  for (const path of FIREFOX) {
    for (const profile of await names(join(home, path))) {
      const folder = join(home, path, profile);
      if ((await names(folder)).includes(DATABASE)) stores.push(storeOf(`Firefox (${folder})`, folder));
    }
  }
  return stores;
}

const names = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

function storeOf(name: string, folder: string): TrustStore {
  const database = `sql:${folder}`;
  return {
    name,
    kind: 'nss',
    has: async (root) => {
      const found = await find(database, root);
      return found?.trust.startsWith('C') ?? false;
    },
    add: async (root) => {
      const found = await find(database, root);
      if (found !== null) {
        const line = `certutil -M -d ${database} -n '${found.nickname}' -t ${TRUST}`;
        throw new StoreTrouble(
          `it is stored as "${found.nickname}" but deliberately not trusted. To trust it: ${line}`,
          true,
        );
      }
      await withFile(root, (file) =>
        mustRun(certutil(), ['-A', '-d', database, '-n', entryName(root), '-t', TRUST, '-i', file]),
      );
    },
    remove: async (root) => {
      const found = await find(database, root);
      if (found?.nickname !== entryName(root)) return false;
      await mustRun(certutil(), ['-D', '-d', database, '-n', entryName(root)]);
      return true;
    },
  };
}

/** Path of certutil. @throws StoreTrouble naming the packages that contain it */
function certutil(): string {
  const path = programOnPath('certutil');
  if (path !== null) return path;
  throw new StoreTrouble(
    'certutil is missing: install libnss3-tools (Debian) or nss-tools (Fedora), then run this again',
    true,
  );
}

/** The last column of certutil's list: for TLS, mail and code. */
const TRUST_FLAGS = /^[pPcCTuw]*,[pPcCTuw]*,[pPcCTuw]*$/;

/** Finds the root under any nickname; an NSS database has each certificate only once. */
async function find(database: string, root: Root): Promise<{ nickname: string; trust: string } | null> {
  const listed = (await mustRun(certutil(), ['-L', '-d', database])).toString('utf8');
  const entries = listed.split('\n').flatMap((line) => {
    const trust = line.trimEnd().split(' ').at(-1) ?? '';
    const nickname = line
      .trimEnd()
      .slice(0, -trust.length || undefined)
      .trimEnd();
    return nickname !== '' && TRUST_FLAGS.test(trust) ? [{ nickname, trust }] : [];
  });
  for (const entry of entries) {
    const { code, stdout } = await runProgram(certutil(), ['-L', '-d', database, '-n', entry.nickname, '-r']);
    if (code === 0 && sha256(stdout) === root.sha256) return entry;
  }
  return null;
}

const sha256 = (der: Buffer): string => createHash('sha256').update(der).digest('hex').toUpperCase();
