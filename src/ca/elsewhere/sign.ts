import { DAY } from '../../lib/time.js';
import { signerFor } from '../../x509/algorithms.js';
import { parseCertificate, publicKeyOf } from '../../x509/certificate.js';
import { isCrlSignedBy, parseCrl } from '../../x509/crl.js';
import type { CrlEntry } from '../../x509/crl-entries.js';
import { parseCsr } from '../../x509/csr.js';
import { encodeExtension, parseBasicConstraints, readExtension } from '../../x509/extensions.js';
import { sameDn } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { CaCertificateError, createIntermediate, freshFields } from '../folder/issuer-certificates.js';
import { BACKDATE, locationsUnder } from '../issue/factory.js';
import { buildCrl } from '../revoke/crl.js';
import type { RootInFile } from './root-file.js';

/** Signs issuers and the CRL with an offline root. Needs no CA folder, no database and no network. */

interface SignOptions {
  root: RootInFile;
  now: number;
  random: (bytes: number) => Buffer;
}

interface IssuerOptions extends SignOptions {
  /** DER of the request. */
  csr: Uint8Array;
  /** Validity in days; it ends with the root at the latest. */
  days: number;
  /** Base of the plain-HTTP URLs of the root's CRL and certificate, for a request that names none. */
  publicUrl: string | null;
}

/**
 * DER of an issuer's certificate: a CA with path length 0 and without purposes. Name, key, name constraints
 * and the locations of the root's CRL come from the request.
 * @throws CaCertificateError when this root may not sign it, DerError for a request that is damaged or not
 * signed by its key
 */
export async function signIssuer({
  root,
  csr,
  days,
  publicUrl,
  now,
  random,
}: IssuerOptions): Promise<Buffer> {
  const { subject, publicKey, extensions, asksForCa } = parseCsr(csr);
  const parent = parseCertificate(root.certificate);
  if (!asksForCa)
    throw new CaCertificateError(
      'the request is not a CA’s (upki ca init --request, or upki ca rollover issuer, makes one)',
    );
  if (subject.length === 0) throw new CaCertificateError('the request names nobody');
  if (sameDn(subject, parent.subject))
    throw new CaCertificateError('the request has the name of the root itself');
  if (publicKey.spki.equals(parent.spki))
    throw new CaCertificateError('the request is of the key of the root itself');
  if (readExtension(parent, OID.basicConstraints, parseBasicConstraints)?.pathLength === 0)
    throw new CaCertificateError('the root may have no CA below it (path length 0)');
  if (now >= parent.notAfter || now < parent.notBefore)
    throw new CaCertificateError(
      `the root is not valid now: it is good until ${new Date(parent.notAfter).toISOString()}`,
    );
  const asked = [OID.authorityInfoAccess, OID.cRLDistributionPoints].flatMap((oid) => {
    const extension = extensions.get(oid);
    return extension ? [encodeExtension(oid, extension.value)] : [];
  });
  const locations = asked.length > 0 ? asked : locationsUnder(root.certificate, publicUrl, false);
  const constraints = extensions.get(OID.nameConstraints)?.value;
  const fresh = freshFields(now, days * DAY, random);
  return createIntermediate(
    {
      ...{ ...fresh, subject, spki: publicKey.spki, locations, constraints },
      notBefore: Math.max(fresh.notBefore, parent.notBefore),
    },
    root.certificate,
    signerFor(root.key),
  );
}

interface CrlOptions extends SignOptions {
  /** DER of the root's previous CRL; null: this is the first. */
  last: Uint8Array | null;
  /** Serials (hex) to revoke, in addition to those of the last CRL. */
  revoke: readonly string[];
  /** Days until its nextUpdate. */
  days: number;
}

/** RFC 5280 §5.3.1 */
const CA_COMPROMISE = 2;

/** DER of the root's next CRL: the entries of the last one, and `revoke`. @throws CaCertificateError when the last CRL is another root's */
export async function signRootCrl({ root, last, revoke, days, now }: CrlOptions): Promise<Buffer> {
  if (last !== null && !isCrlSignedBy(last, publicKeyOf(parseCertificate(root.certificate))))
    throw new CaCertificateError('the CRL in the file is not of this root');
  const before = last === null ? null : parseCrl(last);
  const entries: CrlEntry[] = [...(before?.entries ?? [])];
  for (const serial of revoke.map(serialOf)) {
    if (!entries.some((each) => each.serial === serial))
      entries.push({ serial, revokedAt: now, reason: CA_COMPROMISE });
  }
  const next = BigInt(now);
  const number = before?.number == null || before.number < next ? next : before.number + 1n;
  const thisUpdate = Math.max(now - BACKDATE, Math.min(now, (before?.thisUpdate ?? 0) + 1000));
  const pages = (async function* () {
    yield entries;
  })();
  return buildCrl(
    { certificate: root.certificate, signer: signerFor(root.key) },
    { number, thisUpdate, nextUpdate: now + days * DAY },
    pages,
  );
}

/** Even-length lower-case hex of a serial in any notation of hex. @throws CaCertificateError */
function serialOf(text: string): string {
  const hex = text.replace(/^0x/i, '').replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{1,40}$/.test(hex))
    throw new CaCertificateError(`"${text}" is not a serial: hexadecimal digits, at most 40`);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}
