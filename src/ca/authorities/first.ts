import type { AuthorityRecord, CaStore } from '../../store/contract/ca.js';
import { StoreConflict } from '../../store/contract/errors.js';
import { authorityId, parseCertificate } from '../../x509/certificate.js';
import { formatDn } from '../../x509/name.js';
import { fromPem, toPem } from '../../x509/pem.js';
import { type CaFiles, InitError } from '../folder/files.js';
import { recordOf } from '../issue/lost-record.js';
import { AUTHORITY_PROFILE } from '../revoke/revocation.js';
import { newRecord } from './member.js';

/**
 * Records the root and the issuer of the CA's folder in a store that has none. From then on the store's set
 * is used. Two CAs that start at the same time record them once.
 * @throws InitError when the store has a set without the folder's issuer
 */
export async function takeUpFolder(
  store: CaStore,
  files: Pick<CaFiles, 'root' | 'issuer' | 'chain' | 'hasRootKey'>,
  now: number,
): Promise<void> {
  const kept = await store.listAuthorities();
  const [issuerId, rootId] = [authorityId(files.issuer), authorityId(files.root)];
  if (kept.some(({ kind, id }) => kind !== 'cross' && id === issuerId)) return;
  if (kept.some(({ tag }) => tag === '')) {
    throw new InitError(
      `the issuer in this folder (${issuerId}) is none of those this CA's database knows: the folder, or the database, is another CA's`,
    );
  }
  const common = { root: rootId, addedAt: now, usedFrom: parseCertificate(files.issuer).notBefore };
  const keyRef = files.hasRootKey ? 'ca.key' : null;
  const root = newRecord({ ...common, kind: 'root', certificate: files.root, keyRef });
  if (issuerId === rootId) {
    await store.addAuthority({ ...root, tag: '', keyRef: 'issuer.key' }, null);
    return;
  }
  const [, ...above] = fromPem('CERTIFICATE', files.chain);
  const issuer = newRecord({
    ...common,
    kind: 'issuer',
    tag: '',
    certificate: files.issuer,
    keyRef: 'issuer.key',
    chain: above.map((each) => toPem('CERTIFICATE', each)).join(''),
  });
  await store.addAuthority(root, null);
  if (above.length === 0) await recordIssuer(store, root, files.issuer, now);
  await store.addAuthority(issuer, null);
}

/**
 * Records the issuer's certificate, so that the root's CRL and OCSP responder know it; listings leave it out.
 */
export async function recordIssuer(
  store: CaStore,
  root: Pick<AuthorityRecord, 'tag'>,
  der: Buffer,
  now: number,
): Promise<void> {
  const certificate = parseCertificate(der);
  // Another CA recorded it, or this one before a crash.
  if ((await store.findBySerial(certificate.serial)) !== null) return;
  try {
    const cn = certificate.commonName ?? formatDn(certificate.subject);
    const facts = { cn, profile: AUTHORITY_PROFILE, identifiers: [], issuer: root.tag };
    const record = recordOf(certificate, { ...facts, issuedAt: now, deletedAt: now });
    await store.recordCertificate(record, undefined, { evenRetired: true });
  } catch (error) {
    // Another CA that is starting was first.
    if (!(error instanceof StoreConflict)) throw error;
  }
}
