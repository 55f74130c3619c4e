import type { CertificateAuthority } from '../../model/ca.js';
import { type CertificateSearch, type FoundCertificate, searchStateOf } from '../../model/ca-register.js';
import { Refused } from '../../model/refusal.js';
import type { RaStore } from '../../store/contract/ra.js';
import { requireNode } from '../nodes/find-node.js';

/** Conditions of the CA's register, and those that only the RA knows. */
export type OperatorSearch = CertificateSearch & { node?: string; serial?: string };

interface Searched {
  store: RaStore;
  ca: Pick<CertificateAuthority, 'search' | 'bySerials'>;
}

/** Limit of certificates of a node in a listing. */
const MOST_OF_A_NODE = 500;

/**
 * A page of certificates, which may be short while `next` is not null. With `serial` or `node`, one page has all.
 * @throws Refused for conditions that do not go together
 */
export async function searchCertificates(
  { store, ca }: Searched,
  { node, serial, ...conditions }: OperatorSearch,
): Promise<{ certificates: FoundCertificate[]; next: string | null }> {
  if (node === undefined && serial === undefined) return ca.search(conditions);
  const { name, issuer, notRenewed } = conditions;
  const field = serial === undefined ? 'node' : 'serial';
  if (
    name !== undefined ||
    issuer !== undefined ||
    notRenewed ||
    (field === 'serial' && node !== undefined)
  ) {
    const others = field === 'serial' ? 'a node, a name' : 'a name';
    throw new Refused('invalidRequest', `cannot be combined with ${others}, an issuer, or with not_renewed`, {
      field,
    });
  }
  const serials = serial === undefined ? await ofNode(store, node ?? '') : [serial];
  const found = serials.length > 0 ? await ca.bySerials(serials) : [];
  return { certificates: found.filter((each) => meets(each, conditions)), next: null };
}

async function ofNode(store: RaStore, name: string): Promise<string[]> {
  const node = await requireNode(store, name, 'node');
  return store.listNodeSerials(node.id, MOST_OF_A_NODE);
}

function meets(
  certificate: FoundCertificate,
  { state, account, profile, expiresBefore, expiresAfter }: CertificateSearch,
): boolean {
  return (
    (state === undefined || searchStateOf(certificate) === state) &&
    (account === undefined || certificate.accountId === account) &&
    (profile === undefined || certificate.profile === profile) &&
    (expiresBefore === undefined || certificate.notAfter < expiresBefore) &&
    (expiresAfter === undefined || certificate.notAfter >= expiresAfter)
  );
}
