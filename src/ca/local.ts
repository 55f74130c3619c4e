import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import type { Actor } from '../store/contract/audit.js';
import { type CaStore, type CertificateRecord, openCaStore } from '../store/index.js';
import { signerFor } from '../x509/algorithms.js';
import { parsePublicKey } from '../x509/spki.js';
import { caPaths, loadAuthority } from './folder/files.js';
import { generateKey } from './folder/keys.js';
import { Authority } from './issue/issuer.js';
import { keySpec } from './issue/keys-made-here.js';
import { namesFor } from './issue/names.js';
import { loadProfiles } from './issue/profiles.js';
import { Administrators } from './peers/administrators.js';

/** What certificates carry of the settings a CA was last served with. */
export interface ServedSettings {
  /** Base of the URLs of CRL and issuer. */
  publicUrl: string | null;
  /** Organisation in the subjects of profiles that name none. */
  company: string | null;
}

const SERVED = 'served';

/** Keeps them, so that a command beside the CA makes the same certificates without its environment. */
export async function rememberServed(store: CaStore, { publicUrl, company }: ServedSettings): Promise<void> {
  await store.putSetting(SERVED, JSON.stringify({ publicUrl, company }));
}

export interface LocalAuthorityOptions extends ServedSettings {
  dataDir: string;
  /** Opens keys that are encrypted at rest. */
  passphrase: string | null;
  clock: () => number;
}

/**
 * Opens the store of a CA on this machine, for a command: the process that serves the CA, if one does, goes on beside it
 * and sees every change at once. `databaseUrl` null: the file in its folder.
 */
export function openLocalStore(dataDir: string, databaseUrl: string | null): Promise<CaStore> {
  return openCaStore(databaseUrl ?? caPaths(dataDir).database);
}

/**
 * The CA's signing side for a command on its machine. The settings it was last served with go before the ones given.
 * @throws InitError, AuthorityError, KeyFileError, ProfileError
 */
export async function openLocalAuthority(
  store: CaStore,
  { dataDir, passphrase, clock, ...given }: LocalAuthorityOptions,
): Promise<Authority> {
  const files = await loadAuthority({ dataDir, passphrase, seed: null, clock });
  const served = await store.getSetting(SERVED);
  const { publicUrl, company }: ServedSettings = served === null ? given : JSON.parse(served);
  const issuer = { certificate: files.issuer, signer: signerFor(files.issuerKey), publicUrl };
  const profiles = await loadProfiles(files.profiles, company);
  const { root, chain } = files;
  return new Authority({ store, issuer, root, chain, profiles, clock, random: randomBytes });
}

export interface EnrolledAdministrator {
  /** Made here; kept nowhere by the CA. */
  key: KeyObject;
  certificate: CertificateRecord;
}

/**
 * Makes a key and an administrator's certificate for it, and puts its subject on the list.
 * @throws TaskError for a name that cannot be
 */
export async function enrolAdministrator(
  authority: Authority,
  name: string,
  by: Actor,
): Promise<EnrolledAdministrator> {
  const profile = authority.leafProfile('admin');
  const names = namesFor(profile, name, []);
  const key = await generateKey(keySpec(profile));
  const publicKey = parsePublicKey(createPublicKey(key).export({ type: 'spki', format: 'der' }));
  const { certificate } = await authority.issue({ profile, publicKey, names, by });
  await new Administrators(authority.store, authority.clock).add(certificate.dn, by);
  return { key, certificate };
}
