import { randomBytes } from 'node:crypto';
import type { Account, Authorization, Certificate, Order } from '../../../src/model/facts.js';
import type { CertificateRecord } from '../../../src/store/contract/ca.js';
import { createTestPki } from '../../kit/test-pki.js';

const DAY = 86_400_000;
/** The validity of the server profile. */
const LIFE = 60 * DAY;
/** The lifetime of an order, a week: nothing within it is old enough to be removed. */
const HISTORY = 6 * DAY;
/** The lifetime of a valid authorization. */
const PROOF = 30 * DAY;

/** One subscriber with one certificate, as both programs store it. */
export interface Member {
  account: Account;
  order: Order;
  authorization: Authorization;
  certificate: Certificate;
  record: CertificateRecord;
}

/** Makes members of a system that has issued evenly until now; ids are in order of time. */
export function population(size: number, now: number): (index: number) => Member {
  // Rows of realistic size: the chain of a leaf and an issuer, P-256.
  const { cert } = createTestPki().leaf({
    commonName: 'www.example.internal',
    names: ['www.example.internal'],
  });
  const der = Buffer.from(cert.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const chain = cert + cert;
  const types = ['http-01', 'dns-01', 'tls-alpn-01'] as const;

  return (index) => {
    const at = Math.floor(now - HISTORY + (HISTORY * index) / size);
    const id = (): string => at.toString(16).padStart(12, '0') + randomBytes(10).toString('hex');
    const accountId = id();
    const orderId = id();
    const value = `host${index}.example.internal`;
    const identifiers = [{ type: 'dns' as const, value }];
    const authorizationId = id();
    const token = randomBytes(24).toString('base64url');
    const serial = `4${randomBytes(17).toString('hex').slice(1)}`;
    const validity = { notBefore: at, notAfter: at + LIFE };
    const account: Account = {
      id: accountId,
      jwk: {
        crv: 'P-256',
        kty: 'EC',
        x: randomBytes(32).toString('base64url'),
        y: randomBytes(32).toString('base64url'),
      },
      thumbprint: randomBytes(32).toString('base64url'),
      contact: [],
      termsAgreedAt: at,
      externalAccount: null,
      createdAt: at,
      deactivatedAt: null,
      revokedAt: null,
      nodeId: null,
    };
    const order: Order = {
      id: orderId,
      accountId,
      identifiers,
      authorizationIds: [authorizationId],
      profile: 'server',
      notBefore: null,
      notAfter: null,
      replaces: null,
      createdAt: at,
      expiresAt: at + 7 * DAY,
      csr: null,
      finalizeDeferred: false,
      error: null,
      certificateId: null,
    };
    const authorization: Authorization = {
      id: authorizationId,
      accountId,
      orderId,
      identifier: { type: 'dns', value },
      wildcard: false,
      createdAt: at,
      expiresAt: at + PROOF,
      deactivatedAt: null,
      revokedAt: null,
      provenBy: null,
      challenges: types.map((type) => ({
        type,
        token,
        answeredAt: null,
        validatedAt: null,
        failedAt: null,
        error: null,
      })),
    };
    const certificate: Certificate = {
      id: orderId,
      orderId,
      accountId,
      serial,
      ariId: `${randomBytes(20).toString('base64url')}.${Buffer.from(serial, 'hex').toString('base64url')}`,
      fingerprint: randomBytes(32).toString('base64url'),
      identifiers,
      chain,
      ...validity,
      revokedAt: null,
      revocationReason: null,
      replacedBy: null,
    };
    const record: CertificateRecord = {
      serial,
      cn: value,
      dn: `CN=${value}`,
      profile: 'server',
      identifiers,
      der,
      ...validity,
      orderId,
      accountId,
      issuedAt: at,
      revokedAt: null,
      reason: null,
      deletedAt: null,
      issuer: '',
    };
    return { account, order, authorization, certificate, record };
  };
}
