import type { Account } from '../../../src/model/facts.js';
import { aCertificate, anAuthorization, anOrder, aRecord } from '../../kit/facts.js';
import type { Weighed } from '../footprint/databases.js';
import type { Sample } from '../footprint/sample.js';

/** Concurrent calls: as many as a busy RA has requests. */
const AT_ONCE = 64;
/** One in this many certificates is revoked. */
const REVOKED = 50;
const HOUR = 3_600_000;

export interface Day {
  account: Account;
  sample: Sample;
  /** The start of the day, in ms since the epoch. */
  now: number;
  /** Validity of a certificate, in ms. */
  life: number;
  names: number;
  day: number;
  /** Days after which a certificate is renewed. */
  every: number;
}

/** Stores the orders and certificates of the names due that day, like RA and CA do. */
export async function issueDay({ ra, ca }: Weighed, facts: Day): Promise<void> {
  const { account, sample, now, life, names, day, every } = facts;
  const due = Array.from({ length: names }, (_, number) => number).filter(
    (number) => number % every === day % every,
  );
  const waiting = due.values();
  const work = async (number: number) => {
    const value = sample.name.replace('000000', String(number).padStart(6, '0'));
    const identifier = { type: 'dns' as const, value };
    const times = { createdAt: now, expiresAt: now + HOUR };
    const authorization = anAuthorization(account, { identifier, ...times });
    const order = anOrder(account, {
      identifiers: [identifier],
      authorizationIds: [authorization.id],
      ...times,
    });
    await ra.createOrder(order, [{ ...authorization, orderId: order.id }]);
    await ra.answerChallenge(authorization.id, 'http-01', now, now + HOUR);
    await ra.completeValidation(authorization.id, 'http-01', { at: now, error: null, expiresAt: now + HOUR });
    await ra.beginFinalize(order.id, sample.csr, now + HOUR);
    const validity = { notBefore: now, notAfter: now + life };
    const certificate = aCertificate(order, { chain: sample.chain, ...validity });
    const record = aRecord({
      ...{ serial: certificate.serial, cn: value, dn: `/CN=${value}`, der: sample.leaf, issuedAt: now },
      ...{ identifiers: [identifier], orderId: order.id, accountId: account.id, ...validity },
    });
    await ca.recordCertificate(record);
    await ra.recordIssuance(order.id, certificate);
    if (number % REVOKED === 0) await ca.revoke(certificate.serial, now, null);
  };
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const number of waiting) await work(number);
    }),
  );
  // One CRL a day: a revoked certificate is removed once a CRL was made after its expiry.
  const number = await ca.allocateCrlNumber('', now);
  await ca.putCrl('', { number, der: new Uint8Array(64), thisUpdate: now, nextUpdate: now + life });
}
