import { randomBytes } from 'node:crypto';
import { readIfThere, writeDurably } from '../../lib/files.js';
import { CaLacksTask, CaRefused } from '../../model/ca.js';
import type { CaClient } from '../../ra/ca/client.js';

/** Requests the secret once. */
type NodeSecret = () => Promise<Uint8Array>;

/**
 * The secret that encrypts the keys of nodes. The CA gives all its RAs the same secret; a copy in the RA's folder is used while the CA
 * is unavailable. If the CA has none (clear mode, a Python CA) the RA generates one, and must then be the only RA on its database.
 */
export function nodeSecret(path: string, ca: Pick<CaClient, 'nodeSecret'>): NodeSecret {
  let known: Promise<Uint8Array> | null = null;
  return () => {
    known ??= read(path, ca).catch((error) => {
      known = null;
      throw error;
    });
    return known;
  };
}

async function read(path: string, ca: Pick<CaClient, 'nodeSecret'>): Promise<Uint8Array> {
  const kept = await readIfThere(path);
  if (kept !== null) return Buffer.from(kept.trim(), 'base64');
  const secret = await given(ca);
  await writeDurably(path, `${secret}\n`, 0o600);
  return Buffer.from(secret, 'base64');
}

async function given(ca: Pick<CaClient, 'nodeSecret'>): Promise<string> {
  try {
    return await ca.nodeSecret();
  } catch (error) {
    if (error instanceof CaLacksTask || error instanceof CaRefused) return randomBytes(32).toString('base64');
    throw error;
  }
}
