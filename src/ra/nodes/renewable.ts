import type { CertificateAuthority } from '../../model/ca.js';
import { CaLacksTask } from '../../model/ca.js';
import type { FoundCertificate } from '../../model/ca-register.js';
import { Refused } from '../../model/refusal.js';
import type { RaStore } from '../../store/contract/ra.js';

interface RenewableOptions {
  store: Pick<RaStore, 'findCertificateBySerial' | 'getSetting'>;
  ca: Pick<CertificateAuthority, 'bySerials' | 'search'>;
}

/** The setting with the time (ms since the epoch) since which certificates issued over ACME are not renewed outside ACME. */
const TOLD_APART_SINCE = 'acme renewals told apart since';
/** Limit of certificates of a name that are examined. */
const MOST = 100;

/** Records the first start of a version that refuses to renew ACME certificates outside ACME. */
export async function rememberToldApart(
  store: Pick<RaStore, 'getSetting' | 'putSetting'>,
  now: number,
): Promise<void> {
  if ((await store.getSetting(TOLD_APART_SINCE)) === null)
    await store.putSetting(TOLD_APART_SINCE, String(now));
}

/**
 * Refuses to renew an ACME certificate outside ACME, because only ACME checks its account and its proofs again.
 * @throws Refused for a certificate of an ACME order, by the records of this RA or of the CA, and for a renewal of one by an older
 * version; CaUnavailable
 */
export async function refuseOverAcme(serial: string, { store, ca }: RenewableOptions): Promise<void> {
  if ((await store.findCertificateBySerial(serial)) !== null) throw overAcme();
  const since = Number(await store.getSetting(TOLD_APART_SINCE));
  try {
    const [own] = await ca.bySerials([serial]);
    if (own === undefined) return;
    if (isOrdered(own)) throw overAcme();
    const isFormer = own.issuedAt < since && own.orderId === null;
    if (isFormer && (await isAcmeFirst(own, ca))) throw overAcme();
  } catch (error) {
    if (!(error instanceof CaLacksTask)) throw error;
  }
}

/** Whether the first certificate with the same names and profile was issued over ACME; this one is then a renewal of it. */
async function isAcmeFirst(
  own: FoundCertificate,
  ca: Pick<CertificateAuthority, 'search'>,
): Promise<boolean> {
  const name = own.names[0]?.value ?? own.cn;
  const { certificates } = await ca.search({ after: null, limit: MOST, name });
  const [first] = certificates
    .filter((each) => each.profile === own.profile && namesOf(each) === namesOf(own))
    .sort((one, other) => one.issuedAt - other.issuedAt);
  return first !== undefined && first.serial !== own.serial && isOrdered(first);
}

const namesOf = ({ names }: FoundCertificate) =>
  names
    .map(({ type, value }) => `${type.toLowerCase()}:${value.toLowerCase()}`)
    .sort()
    .join();

/** Whether a certificate has an ACME order. The CA records enrolments of nodes with ids that begin with `node:`. */
const isOrdered = ({ orderId }: FoundCertificate) => orderId !== null && !orderId.startsWith('node:');

const overAcme = () => new Refused('forbidden', 'this certificate was got over ACME: renew it over ACME');
