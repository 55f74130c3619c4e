import type { KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import { monotonic } from '../../lib/monotonic.js';
import { DAY, HOUR } from '../../lib/time.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CaStore } from '../../store/contract/ca.js';
import { authorityId, type ParsedCertificate } from '../../x509/certificate.js';
import { attributeOf, dn } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import {
  createIntermediate,
  freshFields,
  ISSUER_LIFE,
  nameConstraintsOf,
} from '../folder/issuer-certificates.js';
import type { KeySpec } from '../folder/keys.js';
import type { SigningKey } from '../folder/signing-key.js';
import { locationsUnder } from '../issue/factory.js';
import { isValid, successionTime } from './decisions.js';
import { recordIssuer } from './first.js';
import type { Keyring } from './keyring.js';
import { type Member, newRecord } from './member.js';
import type { AuthoritySet } from './set.js';
import { crlWarning, endWarning } from './status.js';

interface SuccessionOptions {
  store: CaStore;
  set: AuthoritySet;
  keys: Keyring;
  /** The part of an issuer's life after which its successor is made. */
  succeedAt: number;
  clock: () => number;
  random: (bytes: number) => Buffer;
  log: Logger;
}

/** A rollover that is not possible; the message has the remedy. */
export class RolloverError extends Error {
  override readonly name = 'RolloverError';
}

const YOUNG = 30 * DAY;
const LOOK_EVERY = 5_000;
/** Pause after a failed attempt, and between reminders of a near end, in ms. */
const RETRY_AFTER = HOUR;
const REMIND_EVERY = DAY;

/** Makes the next issuer: automatically in time, or on request. */
export class Succession {
  #timer: NodeJS.Timeout | undefined;
  #retryAt = 0;
  readonly #reminded = new Map<string, number>();

  constructor(private readonly options: SuccessionOptions) {}

  /** Looks once, then every few seconds: an issuer that was made while the clock was ahead must be replaced soon. */
  async start(): Promise<void> {
    await this.look();
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Makes a due successor and reports near ends; failures are logged and retried. */
  async look(): Promise<void> {
    const { set, clock, log } = this.options;
    const now = clock();
    try {
      if (monotonic() >= this.#retryAt && this.#isDue(now)) {
        // Another CA on this store may have made it.
        await set.reload();
        if (this.#isDue(now)) await this.makeIssuer();
      }
    } catch (error) {
      this.#retryAt = monotonic() + RETRY_AFTER;
      log.error({ err: error }, 'the next issuer could not be made; it is tried again in an hour');
    }
    await this.#remind(now).catch((err) => log.warn({ err }, 'it is not known what ends soon'));
  }

  /**
   * Makes an issuer in place of the newest and uses it. `under`: its root, by default the one in use. Null:
   * another CA made one at the same time.
   * @param limits value of its name constraints; null: unconstrained; undefined: those of its predecessor
   * @throws RolloverError
   */
  async makeIssuer(by?: Actor, under?: Member, limits?: Uint8Array | null): Promise<Member | null> {
    const { store, set, keys, clock, random, log } = this.options;
    const old = set.newest;
    const root = under ?? set.roots[0];
    if (old === null || root === undefined) throw new RolloverError('this CA has no root or no issuer');
    if (old.record.kind === 'root')
      throw new RolloverError('this root issues by itself: it has no issuer to succeed');
    if (root.signer === null) {
      throw new RolloverError(
        `the key of the root ${root.id} is not at this CA: upki ca rollover issuer makes a request for it to sign`,
      );
    }
    const now = clock();
    if (!isValid(root, now)) {
      const { notBefore, notAfter } = root.certificate;
      throw new RolloverError(
        now < notBefore
          ? `the root ${root.id} is not valid before ${new Date(notBefore).toISOString()}: is the clock of this machine right?`
          : `the root ${root.id} ended on ${new Date(notAfter).toISOString()}: nothing can be issued under it. A new one is made by upki ca init`,
      );
    }
    const constraints = nextConstraints(old, limits);
    const key = await keys.make('issuer', specOf(old.publicKey));
    refuseUsedKey(set, key.spki);
    const fresh = freshFields(now, ISSUER_LIFE, random);
    const locations = locationsUnder(root.der, set.publicUrl);
    const certificate = await createIntermediate(
      {
        ...{ ...fresh, subject: nextIssuerName(set, old), spki: key.spki, locations, constraints },
        notBefore: Math.max(fresh.notBefore, root.certificate.notBefore),
      },
      root.der,
      root.signing,
    );
    const id = await addIssuer({ store, keys }, { certificate, root: root.id, key, old, now, by });
    await set.reload();
    if (id === null) return null;
    log.info({ issuer: id, instead: old.id }, 'a new issuer signs from now on');
    return set.byId(id);
  }

  #isDue(now: number): boolean {
    const { set, succeedAt } = this.options;
    const newest = set.newest;
    const [root] = set.roots;
    if (newest === null || newest.record.kind === 'root' || root === undefined) return false;
    // Without the root's key no attempt is possible: the reminders report it.
    if (root.signer === null || newest.record.root !== root.id) return false;
    if (!isValid(root, now)) return false;
    const { certificate } = newest;
    // Made while the clock was ahead: not valid yet.
    if (certificate.notBefore > now) return true;
    if (this.#namesNoCrl(newest, now)) return true;
    // An issuer that ends with its root cannot be improved under it.
    if (certificate.notAfter >= root.certificate.notAfter - DAY) return false;
    return now >= successionTime(certificate, succeedAt);
  }

  /**
   * True for an issuer that `upki ca init` made before the URL of its root's CRL was known. It is replaced
   * while it is young. Clients may already know an older one, so only an operator replaces that.
   */
  #namesNoCrl({ tag, certificate }: Member, now: number): boolean {
    const isYoung = tag === '' && now - certificate.notBefore < YOUNG;
    return (
      isYoung && this.options.set.publicUrl !== null && !certificate.extensions.has(OID.cRLDistributionPoints)
    );
  }

  async #remind(now: number): Promise<void> {
    const { set, store, log } = this.options;
    const newest = set.newest;
    for (const member of set.roots.concat(newest === null || set.roots.includes(newest) ? [] : [newest])) {
      const reminded = this.#reminded.get(member.id) ?? Number.NEGATIVE_INFINITY;
      if (monotonic() < reminded + REMIND_EVERY) continue;
      const crl = member.signer === null ? await store.getCrl(member.tag) : null;
      for (const warning of [endWarning(member, now), crlWarning(member, crl, now)]) {
        if (warning === null) continue;
        this.#reminded.set(member.id, monotonic());
        log.warn(
          { issuer: member.id, notAfter: new Date(member.certificate.notAfter).toISOString() },
          warning,
        );
      }
    }
  }
}

interface NewIssuer {
  /** DER. */
  certificate: Buffer;
  /** PEM of the certificates between it and its root. */
  chain?: string;
  /** Id of the root. */
  root: string;
  key: SigningKey;
  old: Member;
  now: number;
  by: Actor | undefined;
}

/** Stores an issuer and its key; it signs in place of `old` from `now` on. Resolves with its id, or with null when another CA was first. */
export async function addIssuer(
  { store, keys }: { store: CaStore; keys: Keyring },
  { certificate, chain = '', root, key, old, now, by }: NewIssuer,
): Promise<string | null> {
  const id = authorityId(certificate);
  const kept = await keys.adopt(id, key);
  if (chain === '') await recordIssuer(store, { tag: root }, certificate, now);
  const facts = { kind: 'issuer' as const, certificate, chain, root, addedAt: now, usedFrom: now };
  return (await store.addAuthority(newRecord({ ...facts, ...kept }), old.id, by)) ? id : null;
}

/** The name constraints of the issuer after `old`: `limits`, or those of `old` when `limits` is undefined; null: unconstrained. */
export function nextConstraints(
  { certificate }: Member,
  limits: Uint8Array | null | undefined,
): Uint8Array | undefined {
  return limits === undefined ? nameConstraintsOf(certificate) : (limits ?? undefined);
}

/** @throws RolloverError when a setting names a key of a token that has a certificate */
export function refuseUsedKey({ members }: AuthoritySet, spki: Buffer): void {
  const user = members.find(({ certificate }) => certificate.spki.equals(spki));
  if (user === undefined) return;
  throw new RolloverError(
    `the pkcs11: URI for new keys names the key of ${user.id}: leave object and id out, and the token makes one for each; or name another`,
  );
}

/** The kind of a successor's key: the same as its predecessor's. */
export function specOf(publicKey: KeyObject): KeySpec {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === 'ed25519') return { type };
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 4096;
    return { type, bits: bits <= 2048 ? 2048 : bits <= 3072 ? 3072 : 4096 };
  }
  const curve = details?.namedCurve;
  return { type: 'ec', curve: curve === 'secp521r1' ? 'P-521' : curve === 'secp384r1' ? 'P-384' : 'P-256' };
}

/** The name of the issuer after this one. */
export function nextIssuerName({ members }: AuthoritySet, old: Member) {
  return nextName(old.certificate, members.filter(({ record }) => record.kind === 'issuer').length + 1);
}

/** The predecessor's name with a number. Names differ because some programs look up CRLs and chains by name. */
export function nextName({ subject }: ParsedCertificate, number: number) {
  const organization = attributeOf(subject, OID.organizationName);
  const name = (attributeOf(subject, OID.commonName) ?? 'Issuing CA').replace(/ \d+$/, '');
  const end = ` ${number}`;
  // RFC 5280 ub-common-name
  const cn = `${[...name].slice(0, 64 - end.length).join('')}${end}`;
  return organization === null ? dn(['CN', cn]) : dn(['O', organization], ['CN', cn]);
}
