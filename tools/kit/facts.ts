import { randomBytes } from 'node:crypto';
import type {
  Account,
  Authorization,
  Certificate,
  ChallengeType,
  Node,
  Order,
} from '../../src/model/facts.js';
import type { AuthorityRecord, CertificateRecord } from '../../src/store/contract/ca.js';

/** Facts for store tests: complete objects in which a test overrides the members it cares about. */

export const NOW = 1_800_000_000_000;
export const HOUR = 3_600_000;

let issuedIds = 0;
/** Ids like the program's: hex, in order of time. */
export function nextId(): string {
  issuedIds += 1;
  return issuedIds.toString(16).padStart(12, '0') + randomBytes(10).toString('hex');
}

export function anAccount(facts: Partial<Account> = {}): Account {
  return {
    id: nextId(),
    jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
    thumbprint: randomBytes(32).toString('base64url'),
    contact: ['mailto:admin@example.com'],
    termsAgreedAt: NOW,
    externalAccount: null,
    createdAt: NOW,
    deactivatedAt: null,
    revokedAt: null,
    nodeId: null,
    ...facts,
  };
}

export function anOrder(account: Account, facts: Partial<Order> = {}): Order {
  return {
    id: nextId(),
    accountId: account.id,
    identifiers: [{ type: 'dns', value: 'www.example.com' }],
    authorizationIds: [],
    profile: 'server',
    notBefore: null,
    notAfter: null,
    replaces: null,
    createdAt: NOW,
    expiresAt: NOW + HOUR,
    csr: null,
    finalizeDeferred: false,
    error: null,
    certificateId: null,
    ...facts,
  };
}

const TYPES: ChallengeType[] = ['http-01', 'dns-01', 'tls-alpn-01'];

export function anAuthorization(account: Account, facts: Partial<Authorization> = {}): Authorization {
  const token = randomBytes(24).toString('base64url');
  return {
    id: nextId(),
    accountId: account.id,
    orderId: null,
    identifier: { type: 'dns', value: 'www.example.com' },
    wildcard: false,
    createdAt: NOW,
    expiresAt: NOW + HOUR,
    deactivatedAt: null,
    revokedAt: null,
    provenBy: null,
    challenges: TYPES.map((type) => ({
      type,
      token,
      answeredAt: null,
      validatedAt: null,
      failedAt: null,
      error: null,
    })),
    ...facts,
  };
}

export function aCertificate(order: Order, facts: Partial<Certificate> = {}): Certificate {
  const serial = `4${randomBytes(16).toString('hex').slice(1)}`;
  return {
    id: order.id,
    orderId: order.id,
    accountId: order.accountId,
    serial,
    ariId: `${randomBytes(20).toString('base64url')}.${Buffer.from(serial, 'hex').toString('base64url')}`,
    fingerprint: randomBytes(32).toString('base64url'),
    identifiers: order.identifiers,
    chain: '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
    notBefore: NOW,
    notAfter: NOW + 24 * HOUR,
    revokedAt: null,
    revocationReason: null,
    replacedBy: null,
    ...facts,
  };
}

export function aRecord(facts: Partial<CertificateRecord> = {}): CertificateRecord {
  return {
    serial: `4${randomBytes(16).toString('hex').slice(1)}`,
    cn: 'www.example.com',
    dn: '/C=FR/O=uPKI/CN=www.example.com',
    profile: 'server',
    identifiers: [{ type: 'dns', value: 'www.example.com' }],
    der: new Uint8Array(randomBytes(64)),
    notBefore: NOW,
    notAfter: NOW + HOUR,
    orderId: null,
    accountId: null,
    issuedAt: NOW,
    revokedAt: null,
    reason: null,
    deletedAt: null,
    issuer: '',
    ...facts,
  };
}

export function aNode(facts: Partial<Node> = {}, enrolment: Partial<Node['enrolment']> = {}): Node {
  const id = nextId();
  const cn = `node-${id}.example.com`;
  return {
    id,
    cn,
    names: [{ type: 'dns', value: cn }],
    profile: 'webapp',
    registeredAt: NOW,
    registeredBy: 'CN=alice,OU=Admins',
    removingAt: null,
    patterns: [],
    challengesWaived: false,
    key: null,
    ...facts,
    enrolment: {
      id: nextId(),
      seedHash: randomBytes(32).toString('base64url'),
      expiresAt: NOW + HOUR,
      claimedAt: null,
      key: null,
      serial: null,
      ...enrolment,
    },
  };
}

export const PROBLEM = {
  type: 'urn:ietf:params:acme:error:connection',
  detail: 'connection refused by 192.0.2.1:80',
  status: 400,
};

/** Makes the same calls concurrently and repeatedly, so that the store decides the race. */
export function atOnce<T>(times: number, ask: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: times }, (_, index) => ask(index)));
}

let madeAuthorities = 0;

export function anAuthority(facts: Partial<AuthorityRecord> = {}): AuthorityRecord {
  madeAuthorities += 1;
  const id = madeAuthorities.toString(16).padStart(20, '0');
  return {
    id,
    kind: 'issuer',
    tag: id,
    certificate: new Uint8Array([1, 2, 3]),
    chain: '',
    root: 'root',
    of: null,
    keyRef: 'issuer.key',
    sealedKey: null,
    addedAt: NOW,
    usedFrom: NOW,
    retiredAt: null,
    renewFrom: null,
    ...facts,
  };
}
