import type { JsonWebKey } from 'node:crypto';
import { CaLacksTask, CaRefused, CaUnavailable, type CertificateAuthority } from '../model/ca.js';
import type { Account, Identifier } from '../model/facts.js';
import { identifierKey } from '../model/identifiers.js';
import { Problem, RETRY_AFTER } from '../model/problem.js';
import { authorizationStatus } from '../model/status.js';
import type { RaStore } from '../store/contract/ra.js';
import {
  certificateFingerprint,
  type ParsedCertificate,
  parseCertificate,
  subjectAltNames,
} from '../x509/certificate.js';
import { DerError } from '../x509/der-error.js';
import { parsePublicJwk } from '../x509/spki.js';
import type { AuditLog } from './audit-log.js';
import type { RaEvents } from './events.js';

/**
 * The RFC 5280 §5.3.1 reasons that a subscriber may give. 7 does not exist. 8 (removeFromCRL) is for delta CRLs and not for
 * revocations. 6 (certificateHold) can be undone and is reserved for administrators.
 */
const REASONS = new Set([0, 1, 2, 3, 4, 5, 9, 10]);

interface RevocationsOptions {
  store: RaStore;
  ca: Pick<CertificateAuthority, 'revoke' | 'revokeShown'>;
  audit: AuditLog;
  clock(): number;
  onRevocation: RaEvents['revocation'];
}

/** The signer of the request (§7.6). */
type Revoker = { account: Account } | { certificateKey: JsonWebKey };

/** RFC 8555 §7.6: revocation by the account that ordered, by the certificate's key, or by an account authorized for all names. */
export class Revocations {
  constructor(private readonly options: RevocationsOptions) {}

  /** `der` and `reason` are the client's, `by` signed the request, `from` is its address. @throws Problem */
  async revoke(der: Uint8Array, reason: unknown, by: Revoker, from: string): Promise<void> {
    const presented = parse(der);
    const who = 'account' in by ? `account ${by.account.id}` : "the certificate's key";
    const event = { who, from, action: 'acme revoke-cert', details: { serial: presented.serial } };
    try {
      await this.#revoke(der, presented, reason, by);
    } catch (error) {
      if (error instanceof Problem)
        this.options.audit.refused({ ...event, outcome: error.type, identified: false });
      throw error;
    }
    await this.options.audit.done(event);
  }

  async #revoke(der: Uint8Array, presented: ParsedCertificate, reason: unknown, by: Revoker): Promise<void> {
    const stored = await this.options.store.findCertificateBySerial(presented.serial);
    const known = stored?.fingerprint === certificateFingerprint(der) ? stored : null;
    const certificate = known ?? { accountId: null, identifiers: identifiersOf(presented) };
    if (!(await this.#entitled(certificate, presented.spki, by))) {
      if (known === null) throw notOurs();
      throw new Problem(
        'unauthorized',
        'neither the account nor the key that signed may revoke this certificate',
      );
    }
    const code = parseReason(reason);
    // The request goes to the CA even if our record says revoked, because a hold may have ended meanwhile. For a certificate without
    // a record here (a renewal, an enrolment, or one lost in a restore) the CA verifies its own signature.
    const { already } = await this.#atCa(() =>
      known === null ? this.#shown(der, code) : this.#known(known.serial, der, code),
    );
    await this.options.store.recordRevocation(presented.serial, this.options.clock(), code);
    if (already) throw alreadyRevoked();
    const accountId = 'account' in by ? by.account.id : null;
    this.options.onRevocation({ serial: presented.serial, reason: code, accountId });
  }

  /** Revokes a certificate with a record here. If the CA lost its record, for example by a restore, it verifies its own signature. */
  async #known(serial: string, der: Uint8Array, reason: number | null): Promise<{ already: boolean }> {
    try {
      return await this.options.ca.revoke(serial, reason);
    } catch (error) {
      if (!(error instanceof CaRefused && error.kind === 'notFound')) throw error;
      return this.#shown(der, reason).catch((shown) => {
        throw shown instanceof Problem ? onlyHere() : shown;
      });
    }
  }

  async #shown(der: Uint8Array, reason: number | null): Promise<{ already: boolean }> {
    if (!this.options.ca.revokeShown) throw notOurs();
    try {
      return await this.options.ca.revokeShown(der, reason);
    } catch (error) {
      const unknown = error instanceof CaRefused && error.kind === 'notFound';
      throw unknown || error instanceof CaLacksTask ? notOurs() : error;
    }
  }

  async #atCa(revoke: () => Promise<{ already: boolean }>): Promise<{ already: boolean }> {
    try {
      return await revoke();
    } catch (error) {
      if (error instanceof CaUnavailable) {
        throw new Problem(
          'serverInternal',
          'the certificate authority did not answer; the certificate may be revoked or not, so ask again',
          { status: 503, retryAfter: RETRY_AFTER },
        );
      }
      if (error instanceof CaRefused)
        throw new Problem('serverInternal', 'the certificate authority refused to revoke');
      throw error;
    }
  }

  async #entitled(certificate: Owned, spki: Uint8Array, by: Revoker): Promise<boolean> {
    if ('certificateKey' in by) return parsePublicJwk(by.certificateKey).spki.equals(spki);
    return by.account.id === certificate.accountId || this.#holdsEveryName(by.account, certificate);
  }

  async #holdsEveryName(account: Account, certificate: Owned): Promise<boolean> {
    const { store, clock } = this.options;
    const now = clock();
    const { identifiers } = certificate;
    if (identifiers.length === 0) return false;
    const held = new Set<string>();
    for (const authorization of await store.findValidAuthorizations(account.id, identifiers, now)) {
      if (authorizationStatus(authorization, now) !== 'valid') continue;
      const { type, value } = authorization.identifier;
      held.add(identifierKey({ type, value: authorization.wildcard ? `*.${value}` : value }));
    }
    return identifiers.every((identifier) => held.has(identifierKey(identifier)));
  }
}

/** The facts that decide who may revoke a certificate; only our own records know the account. */
interface Owned {
  accountId: string | null;
  identifiers: Identifier[];
}

/** The names, if an account can prove all of them; none when the certificate has other names too. */
function identifiersOf(certificate: ParsedCertificate): Identifier[] {
  const names = subjectAltNames(certificate);
  const identifiers = names.flatMap((name): Identifier[] =>
    name.type === 'dns' || name.type === 'ip' ? [{ type: name.type, value: name.value }] : [],
  );
  return identifiers.length === names.length ? identifiers : [];
}

function notOurs(): Problem {
  return new Problem('malformed', 'this authority did not issue that certificate', { status: 404 });
}

function onlyHere(): Problem {
  const detail =
    'this server obtained that certificate, but its certificate authority has no record of it and did not sign it: nothing was revoked';
  return new Problem('malformed', detail, { status: 404 });
}

function parse(der: Uint8Array) {
  try {
    return parseCertificate(der);
  } catch (error) {
    if (error instanceof DerError)
      throw new Problem('malformed', `"certificate" cannot be read: ${error.message}`);
    throw error;
  }
}

function parseReason(reason: unknown): number | null {
  if (reason === undefined) return null;
  if (typeof reason === 'number' && REASONS.has(reason)) return reason;
  throw new Problem(
    'badRevocationReason',
    `"reason" must be one of ${[...REASONS].join(', ')} (RFC 5280 §5.3.1)`,
  );
}

function alreadyRevoked(): Problem {
  return new Problem('alreadyRevoked', 'this certificate is revoked already');
}
