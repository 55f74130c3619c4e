import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Root, readRoots } from '../../pages/roots.js';
import {
  entryName,
  isFolder,
  isWritable,
  mustRun,
  programOnPath,
  StoreTrouble,
  type TrustStore,
} from './store.js';

/** How a system trusts added roots: a folder for files, and a program that rebuilds the bundle. */
interface System {
  name: string;
  folder: string;
  update: string[];
  /** Command after a file was removed. */
  updateWithout: string[];
  /** The bundle that programs read. */
  bundle: string;
}

const SYSTEMS: readonly System[] = [
  {
    name: 'the system (Debian, Ubuntu, Alpine)',
    folder: '/usr/local/share/ca-certificates',
    update: ['update-ca-certificates'],
    // Without --fresh, links to the removed file stay.
    updateWithout: ['update-ca-certificates', '--fresh'],
    bundle: '/etc/ssl/certs/ca-certificates.crt',
  },
  {
    name: 'the system (Fedora, RHEL)',
    folder: '/etc/pki/ca-trust/source/anchors',
    update: ['update-ca-trust', 'extract'],
    updateWithout: ['update-ca-trust', 'extract'],
    bundle: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  },
  {
    name: 'the system (SUSE)',
    folder: '/etc/pki/trust/anchors',
    update: ['update-ca-certificates'],
    updateWithout: ['update-ca-certificates'],
    bundle: '/etc/ssl/ca-bundle.pem',
  },
  {
    name: 'the system (Arch)',
    folder: '/etc/ca-certificates/trust-source/anchors',
    update: ['update-ca-trust'],
    updateWithout: ['update-ca-trust'],
    bundle: '/etc/ssl/certs/ca-certificates.crt',
  },
];

/** The store of the operating system, used by curl, Python, Go, .NET and most programs. Null on an unknown system. */
export function systemStore(): TrustStore | null {
  const system = SYSTEMS.find(
    ({ folder, update }) => isFolder(folder) && programOnPath(update[0] ?? '') !== null,
  );
  return system === undefined ? null : storeOf(system);
}

function storeOf({ name, folder, update, updateWithout, bundle }: System): TrustStore {
  const fileOf = (root: Root) => join(folder, `${entryName(root)}.crt`);
  const run = async ([program = '', ...args]: string[]) => {
    await mustRun(programOnPath(program) ?? program, args);
  };
  const requireWritable = () => {
    if (!isWritable(folder))
      throw new StoreTrouble(`only root can change it: run this command with sudo`, true);
  };
  return {
    name,
    kind: 'system',
    // The bundle also has roots that others added, such as the distribution.
    has: async (root) => holds(await readFile(bundle, 'utf8').catch(() => ''), root),
    add: async (root) => {
      requireWritable();
      await writeFile(fileOf(root), root.pem, { mode: 0o644 });
      await run(update);
    },
    remove: async (root) => {
      const ours = (await readdir(folder).catch((): string[] => [])).includes(`${entryName(root)}.crt`);
      if (!ours) return false;
      requireWritable();
      const text = await readFile(fileOf(root), 'utf8');
      if (!holds(text, root))
        throw new StoreTrouble(`${fileOf(root)} contains another certificate: nothing was changed`);
      await rm(fileOf(root));
      await run(updateWithout);
      return true;
    },
  };
}

/** Whether a PEM text contains the certificate, whatever its line lengths. */
function holds(pem: string, root: Root): boolean {
  const body = root.der.toString('base64');
  return pem.replace(/\s+/g, '').includes(body) || safely(pem).some(({ sha256 }) => sha256 === root.sha256);
}

function safely(pem: string): Root[] {
  if (pem.length > 64 * 1024) return [];
  try {
    return readRoots(pem);
  } catch {
    return [];
  }
}
