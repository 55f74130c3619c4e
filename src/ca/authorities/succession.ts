import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Logger } from 'pino';
import { monotonic } from '../../lib/monotonic.js';
import type { Actor } from '../../store/contract/audit.js';
import type { CaStore } from '../../store/contract/ca.js';
import { authorityId, type ParsedCertificate } from '../../x509/certificate.js';
import { attributeOf, dn } from '../../x509/name.js';
import { OID } from '../../x509/oids.js';
import { createIntermediate } from '../folder/issuer-certificates.js';
import type { KeySpec } from '../folder/keys.js';
import { BACKDATE, locationsUnder, newSerial } from '../issue/factory.js';
import { isValid, successionTime } from './decisions.js';
import { recordIssuer } from './first.js';
import { type Keyring, keyFileOf } from './keyring.js';
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

/** A rollover that is not possible; the message says what to do instead. */
export class RolloverError extends Error {
  override readonly name = 'RolloverError';
}

const DAY = 86_400_000;
const YOUNG = 30 * DAY;
/** Half the life of a root. */
const ISSUER_DAYS = 1825;
const LOOK_EVERY = 5_000;
/** Pause after a failed attempt, and between reminders of a near end, in ms. */
const RETRY_AFTER = 3600_000;
const REMIND_EVERY = DAY;

/** Makes the next issuer: automatically in time, or on request. */
export class Succession {
  #timer: NodeJS.Timeout | undefined;
  #retryAt = 0;
  readonly #reminded = new Map<string, number>();

  constructor(private readonly options: SuccessionOptions) {}

  /**
   * Looks once, then every few seconds, because an issuer made by a clock that was ahead must be replaced
   * soon.
   */
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
        // Another CA on this store may have done it.
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
   * Makes an issuer under a root (the one in use when left out) in place of the newest, and uses it. Null: another CA did so at
   * the same moment.
   * @param limits value of its name constraints; null: none; left out: those of its predecessor
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
    const constraints =
      limits === undefined ? old.certificate.extensions.get(OID.nameConstraints)?.value : limits;
    const key = await keys.make('issuer', specOf(old.publicKey));
    refuseUsedKey(set, key.spki);
    const certificate = await createIntermediate(
      {
        subject: nextIssuerName(set, old),
        serial: newSerial(random),
        notBefore: Math.max(now - BACKDATE, root.certificate.notBefore),
        notAfter: now + ISSUER_DAYS * DAY,
        spki: key.spki,
        locations: locationsUnder(root.der, set.publicUrl),
        ...(constraints && { constraints }),
      },
      root.der,
      root.signing,
    );
    const id = authorityId(certificate);
    const keyRef = keyFileOf(id);
    await keys.keep(keyRef, key);
    await recordIssuer(store, root, certificate, now);
    const added = await store.addAuthority(
      newRecord({
        kind: 'issuer',
        certificate,
        root: root.id,
        keyRef,
        sealedKey: keys.seal(id, key),
        addedAt: now,
        usedFrom: now,
      }),
      old.id,
      by,
    );
    await set.reload();
    if (!added) return null;
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
   * An issuer made by `upki ca init` before anybody knew where its root's CRL would be: while it is young, the next one names it. Of an
   * older one, which clients may know by now, only an operator decides.
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

/** @throws RolloverError when a setting names a key of a token that has a certificate */
export function refuseUsedKey({ members }: AuthoritySet, spki: Buffer): void {
  const user = members.find(({ certificate }) => certificate.spki.equals(spki));
  if (user === undefined) return;
  throw new RolloverError(
    `the pkcs11: URI for new keys names the key of ${user.id}: leave object and id out, and the token makes one for each; or name another`,
  );
}

/** The kind of key a successor gets: that of its predecessor. */
export function specOf(publicKey: KeyObject): KeySpec {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey(
    publicKey.export({ type: 'spki', format: 'pem' }),
  );
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

/**
 * The predecessor's name with its number: distinct names keep CRLs and chains apart in programs that look
 * them up by name.
 */
export function nextName({ subject }: ParsedCertificate, number: number) {
  const organization = attributeOf(subject, OID.organizationName);
  const name = (attributeOf(subject, OID.commonName) ?? 'Issuing CA').replace(/ \d+$/, '');
  const end = ` ${number}`;
  // RFC 5280 ub-common-name
  const cn = `${[...name].slice(0, 64 - end.length).join('')}${end}`;
  return organization === null ? dn(['CN', cn]) : dn(['O', organization], ['CN', cn]);
}
