import type { Account, Certificate, Identifier } from '../model/facts.js';
import { identifierKey } from '../model/identifiers.js';
import { Problem } from '../model/problem.js';
import { orderStatus } from '../model/status.js';
import type { RaStore } from '../store/contract/ra.js';
import { isAbsent } from './policy.js';

type Store = Pick<RaStore, 'findCertificateByAriId' | 'getOrder' | 'releaseReplaced'>;

/**
 * The certificate that an order replaces (RFC 9773 §5). It must share a name with the order, and no other order that may still succeed
 * may replace it. A certificate of another authority or account is ignored: a client that moved here sends one, and most clients give
 * up after any refusal except `alreadyReplaced`.
 * @returns the ARI identifier; null when the order replaces no certificate
 * @throws Problem
 */
export async function replacedBy(
  store: Store,
  account: Account,
  value: unknown,
  identifiers: readonly Identifier[],
  now: number,
): Promise<string | null> {
  if (isAbsent(value)) return null;
  if (typeof value !== 'string')
    throw new Problem('malformed', '"replaces" must be a certificate identifier string');
  const certificate = await store.findCertificateByAriId(value);
  if (certificate?.accountId !== account.id) return null;
  const ordered = new Set(identifiers.map(identifierKey));
  if (!certificate.identifiers.some((identifier) => ordered.has(identifierKey(identifier)))) {
    throw new Problem(
      'malformed',
      '"replaces" names a certificate that shares no identifier with this order',
    );
  }
  if (certificate.replacedBy !== null) await release(store, certificate, certificate.replacedBy, now);
  return value;
}

/** Releases a certificate from an order that expired or failed, which are final states. @throws Problem alreadyReplaced */
async function release(store: Store, { ariId }: Certificate, orderId: string, now: number): Promise<void> {
  const other = await store.getOrder(orderId);
  if (other && orderStatus(other.order, other.authorizations, now) !== 'invalid') throw alreadyReplaced();
  await store.releaseReplaced(ariId, orderId);
}

export function alreadyReplaced(): Problem {
  return new Problem('alreadyReplaced', 'another order has replaced this certificate already');
}
