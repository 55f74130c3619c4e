import type { CaStore, StoredCrl } from '../../store/contract/ca.js';
import { isCrlSignedBy, parseCrl } from '../../x509/crl.js';
import { OID } from '../../x509/oids.js';
import type { Member } from '../authorities/member.js';
import type { AuthoritySet } from '../authorities/set.js';
import { CaCertificateError } from '../folder/issuer-certificates.js';

/** RFC 5280 §5.2.4: the extension of a delta CRL. */
const DELTA = '2.5.29.27';

interface InstalledCrl {
  of: Member;
  nextUpdate: number;
  /** Issuers of this CA that it revokes. */
  revokes: Member[];
}

/**
 * Stores a CRL that was signed elsewhere by a root or an issuer of this CA whose key is not here.
 * @throws CaCertificateError for a CRL of another CA, an incomplete or invalid one, and one without a known
 * revocation; DerError
 */
export async function installCrl(
  { store, set }: { store: CaStore; set: AuthoritySet },
  der: Buffer,
  now: number,
): Promise<InstalledCrl> {
  const of = set.members.find((each) => isCrlSignedBy(der, each.publicKey));
  if (of === undefined) {
    throw new CaCertificateError(
      'the CRL was not signed by the key of any root or issuer of this CA, or it was changed since',
    );
  }
  if (of.signer !== null) {
    throw new CaCertificateError(
      `the key of ${of.id} is at this CA, which signs its CRL itself: another beside it would contradict it`,
    );
  }
  const crl = parseCrl(der);
  if (crl.extensions.has(DELTA) || crl.extensions.has(OID.issuingDistributionPoint)) {
    throw new CaCertificateError(
      'it lists a part only (a delta, or one of several): have a complete CRL signed',
    );
  }
  const { thisUpdate, nextUpdate } = crl;
  if (nextUpdate === null)
    throw new CaCertificateError('it does not say when the next comes (nextUpdate, RFC 5280 §5.1.2.5)');
  if (nextUpdate <= now)
    throw new CaCertificateError(`it was good until ${at(nextUpdate)} only: have a fresh one signed`);
  if (thisUpdate > now)
    throw new CaCertificateError(
      `it is not good before ${at(thisUpdate)}: look at the clocks of both machines`,
    );
  const listed = new Set(crl.entries.map(({ serial }) => serial));
  await refuseForgotten(store, of, listed, now);
  const stored = await store.getCrl(of.tag);
  if (stored === null || !Buffer.from(stored.der).equals(der)) {
    const number = nextNumber(crl.number, thisUpdate, stored);
    if (!(await store.putCrl(of.tag, { number, der, thisUpdate, nextUpdate })))
      throw new CaCertificateError('another CRL was installed at the same moment: look with upki ca status');
  }
  const revokes = set.members.filter(
    (each) => each.record.root === of.id && listed.has(each.certificate.serial),
  );
  return { of, nextUpdate, revokes };
}

/**
 * The number to store a CRL with, which must exceed the stored one. CRLs of other programs may have any
 * number, or none.
 * @throws CaCertificateError for an older CRL
 */
function nextNumber(own: bigint | null, thisUpdate: number, stored: StoredCrl | null): number {
  const number = own !== null && own <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(own) : thisUpdate;
  if (stored === null || number > stored.number) return number;
  if (thisUpdate > stored.thisUpdate) return stored.number + 1;
  throw new CaCertificateError(`it is older than the one there is, of ${at(stored.thisUpdate)}`);
}

/** @throws CaCertificateError when the CRL lacks an issuer that was revoked at this CA */
async function refuseForgotten(
  store: CaStore,
  of: Member,
  listed: ReadonlySet<string>,
  now: number,
): Promise<void> {
  const { items } = await store.listRevoked({ issuer: of.tag, after: null, limit: 1000, endedFrom: now });
  const forgotten = items.filter(({ serial }) => !listed.has(serial)).map(({ serial }) => serial);
  if (forgotten.length === 0) return;
  throw new CaCertificateError(
    `it does not list ${forgotten.join(', ')}, revoked at this CA: have one signed that does (upki ca root sign --revoke SERIAL)`,
  );
}

const at = (time: number): string => new Date(time).toISOString();
