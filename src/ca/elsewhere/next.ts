import type { CaStore } from '../../store/contract/ca.js';
import { encodeExtension } from '../../x509/extensions.js';
import { OID } from '../../x509/oids.js';
import type { AuthoritySet } from '../authorities/set.js';
import { nextConstraints, nextIssuerName, RolloverError, specOf } from '../authorities/succession.js';
import { locationsUnder } from '../issue/factory.js';
import { ensureRequest } from './request.js';

interface NextRequestOptions {
  store: CaStore;
  set: AuthoritySet;
  dataDir: string;
  passphrase: string | null;
  /** Where keys of issuers are made; null for a file. */
  where: string | null;
  /** Value of the name constraints to request; null: unconstrained; undefined: those of the issuer before. */
  limits?: Uint8Array | null | undefined;
}

/**
 * PEM of the request for the issuer after the one in use, with the root's last CRL if this CA serves one.
 * @throws RolloverError when there is no issuer to succeed
 */
export async function requestNext({
  store,
  set,
  dataDir,
  passphrase,
  where,
  limits,
}: NextRequestOptions): Promise<string> {
  const old = set.newest;
  const [root] = set.roots;
  if (old === null || root === undefined || old.record.kind === 'root')
    throw new RolloverError('this root issues by itself: it has no issuer to succeed');
  const crl = await store.getCrl(root.tag);
  const constraints = nextConstraints(old, limits);
  return ensureRequest({
    ...{ dataDir, passphrase, where, key: specOf(old.publicKey), subject: nextIssuerName(set, old) },
    extensions: [
      ...(constraints ? [encodeExtension(OID.nameConstraints, constraints, true)] : []),
      ...(crl === null ? [] : locationsUnder(root.der, set.publicUrl, false)),
    ],
    rootCrl: crl?.der ?? null,
  });
}
