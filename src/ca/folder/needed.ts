import { readIfThere } from '../../lib/files.js';
import { type CaPaths, caPaths } from './paths.js';

/** The files that a CA needs, with their purpose and the remedy for a loss. */
const NEEDED: Partial<Record<keyof CaPaths, { what: string; remedy: (dataDir: string) => string }>> = {
  root: {
    what: 'the root certificate that clients trust',
    remedy: () => 'Restore it from the backup, or copy it back: every registered RA has it as ca.crt.',
  },
  issuer: {
    what: 'the certificate this CA issues with, and its chain',
    remedy: () => 'Restore it from the backup: what it signed is verified through it.',
  },
  issuerKey: {
    what: 'the key this CA signs with',
    remedy: () => 'Restore it from the backup: no other key can sign for this CA.',
  },
  channelKey: {
    what: 'the key by which registered RAs know this CA',
    remedy: (dataDir) =>
      'Restore it from the backup; or make another, after which every RA must be registered again: ' +
      `\`upki ca init -d ${dataDir} --anew channel.key\`.`,
  },
  seed: {
    what: 'the secret by which RAs register',
    remedy: (dataDir) =>
      `Restore it from the backup; or make another, for RAs registered from then on: \`upki ca init -d ${dataDir} --anew seed\`.`,
  },
};

/** One sentence for each missing file of an existing CA, except those that the operator wants made again (`anew`). */
export async function missingFiles(dataDir: string, anew: readonly string[] = []): Promise<string[]> {
  const paths = caPaths(dataDir);
  const complaints: string[] = [];
  for (const part of Object.keys(NEEDED) as (keyof CaPaths)[]) {
    const path = paths[part];
    if (anew.some((name) => path.endsWith(`/${name}`)) || (await readIfThere(path)) !== null) continue;
    complaints.push(`${path} is missing: ${meaningOf(part, dataDir)}`);
  }
  return complaints;
}

/** The purpose of a file that every CA needs, and the remedy for its loss. */
export function meaningOf(part: keyof CaPaths, dataDir: string): string {
  const needed = NEEDED[part];
  return needed === undefined ? '' : `it is ${needed.what}. ${needed.remedy(dataDir)}`;
}
