import { writeDurably } from '../../lib/files.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CaStore } from '../../store/contract/ca.js';
import { authorityId, type ParsedCertificate, parseCertificate } from '../../x509/certificate.js';
import { toPem } from '../../x509/pem.js';
import type { Keyring } from '../authorities/keyring.js';
import { type Member, newRecord } from '../authorities/member.js';
import type { AuthoritySet } from '../authorities/set.js';
import { addIssuer } from '../authorities/succession.js';
import { type CaFiles, type InitOptions, initCaFiles } from '../folder/files.js';
import { CaCertificateError } from '../folder/issuer-certificates.js';
import { caPaths } from '../folder/paths.js';
import { saveSigningKey } from '../folder/signing-key.js';
import { loadProfiles } from '../issue/profiles.js';
import { type Judged, judgeIssuer } from './judge.js';
import { dropRequest, requestKey } from './request.js';

/** Installs an issuer's certificate that an offline root has signed. */

interface FirstOptions {
  init: InitOptions;
  /** DER, in the file's order. */
  certificates: readonly Buffer[];
}

/**
 * Makes the folder a CA after its request was signed. It may be interrupted anywhere and run again.
 * @throws CaCertificateError with every fault of the certificate; InitError, KeyFileError
 */
export async function installFirst({
  init,
  certificates,
}: FirstOptions): Promise<{ files: CaFiles; judged: Judged }> {
  const { dataDir, passphrase, clock } = init;
  const paths = caPaths(dataDir);
  const key = await requestKey(dataDir, passphrase);
  const judged = judgeIssuer({
    certificates: certificates.map((der) => parseCertificate(der)),
    roots: [],
    spki: key.spki,
    profiles: (await loadProfiles(paths.profiles)).values(),
    now: clock(),
  });
  await saveSigningKey(paths.issuerKey, key, passphrase);
  await writeDurably(paths.root, pemOf([judged.root]), 0o644);
  await writeDurably(paths.issuer, pemOf([judged.issuer, ...judged.between]), 0o644);
  await dropRequest(dataDir);
  return { files: await initCaFiles(init), judged };
}

interface NextOptions {
  dataDir: string;
  passphrase: string | null;
  store: CaStore;
  set: AuthoritySet;
  keys: Keyring;
  certificates: readonly Buffer[];
  /** The operator accepts that the chain leads to a root that no client trusts yet. */
  newRoot: boolean;
  clock: () => number;
  by: Actor;
}

/**
 * Adds the successor of the issuer in use to the set; it signs from then on.
 * @throws CaCertificateError with every fault of the certificate; InitError, KeyFileError
 */
export async function installNext(
  options: NextOptions,
): Promise<{ made: Member; old: Member; judged: Judged }> {
  const { dataDir, passphrase, store, set, keys, newRoot, clock, by } = options;
  const shown = options.certificates.map((der) => parseCertificate(der));
  const installed = shown
    .map(({ der }) => set.byId(authorityId(der)))
    .find((each) => each?.record.kind === 'issuer');
  const key = await requestKey(dataDir, passphrase).catch((error: unknown) => {
    if (installed === undefined || installed === null) throw error;
    throw new CaCertificateError(`it is installed already: the issuer ${installed.id}`);
  });
  const profiles = (await loadProfiles(caPaths(dataDir).profiles)).values();
  const roots = set.roots.map(({ certificate }) => certificate);
  const now = clock();
  const judged = judgeIssuer({ certificates: shown, roots, spki: key.spki, profiles, now });
  const { issuer, between, root } = judged;
  const rootId = authorityId(root.der);
  const old = set.newest;
  if (old === null) throw new CaCertificateError('this CA has no issuer to succeed');
  if (set.byId(rootId) === null) {
    if (!newRoot) throw new CaCertificateError(otherRoot(root, set));
    const facts = { certificate: root.der, root: rootId, keyRef: null, addedAt: now, usedFrom: now };
    await store.addAuthority(newRecord({ kind: 'root', ...facts }), null, by);
  }
  const facts = { certificate: issuer.der, chain: pemOf(between), root: rootId, key, old, now, by };
  const id = await addIssuer({ store, keys }, facts);
  if (id === null)
    throw new CaCertificateError(
      'another issuer was put into use at the same moment: look with upki ca status',
    );
  await dropRequest(dataDir);
  await set.reload();
  const made = set.byId(id);
  if (made === null) throw new CaCertificateError(`the issuer ${id} was not kept`);
  return { made, old, judged };
}

function otherRoot(root: ParsedCertificate, set: AuthoritySet): string {
  const known = set.roots.map(({ id }) => id).join(', ');
  return (
    `it leads to the root ${authorityId(root.der)}, which nobody who trusts this CA (${known}) knows. When that is meant, and the new ` +
    'root was given to the machines, say --new-root: both roots are then given out'
  );
}

const pemOf = (certificates: readonly ParsedCertificate[]): string =>
  certificates.map(({ der }) => toPem('CERTIFICATE', der)).join('');
