import type { Logger } from 'pino';
import { ErrorCode, TaskError } from '../../channel/errors.js';
import { errorMessage } from '../../lib/error-message.js';
import { SingleFlight } from '../../lib/single-flight.js';
import { HOUR } from '../../lib/time.js';
import type { AuthorityRecord, CaStore } from '../../store/contract/ca.js';
import { parseCertificate } from '../../x509/certificate.js';
import { constraintsAbove, type NameConstraints } from '../../x509/name-constraints.js';
import { fromPem, toPem } from '../../x509/pem.js';
import { learnUrl, type ToldUrl, toldUrl } from '../told-url.js';
import { activeOf, liveRoots } from './decisions.js';
import type { Keyring } from './keyring.js';
import { Member } from './member.js';

interface AuthoritySetOptions {
  store: CaStore;
  keys: Keyring;
  /** Base of the plain-HTTP URLs in certificates; null: the URL that an RA reported, and no URLs before that. */
  publicUrl: string | null;
  clock: () => number;
  log: Logger;
}

/** How often the store is polled for changes by other processes, in ms. */
const LOOK_EVERY = 5_000;

/** How often a missing CRL location is logged, in ms. */
const REMIND_EVERY = HOUR;

/**
 * The roots and issuers of this CA, from the store. Changes by another process (a command, another CA on the
 * store) are seen within seconds. A caller that finds an issuer retired can reload the set at once.
 */
export class AuthoritySet {
  #members: readonly Member[] = [];
  #crosses: readonly AuthorityRecord[] = [];
  #seen = '';
  #publicUrl: string | null = null;
  #remindedAt = Number.NEGATIVE_INFINITY;
  readonly #reloading = new SingleFlight(() => this.#reload());
  #timer: NodeJS.Timeout | undefined;
  readonly #constraints = new WeakMap<Member, readonly NameConstraints[]>();
  readonly #listeners: ((set: AuthoritySet) => void)[] = [];

  private constructor(private readonly options: AuthoritySetOptions) {}

  static async open(options: AuthoritySetOptions): Promise<AuthoritySet> {
    const set = new AuthoritySet(options);
    await set.reload();
    return set;
  }

  /** Starts polling the store for changes by other processes. */
  watch(): void {
    this.#timer = setInterval(() => {
      this.reload().catch((err) =>
        this.options.log.error({ err }, 'it is not known whether the issuers changed'),
      );
    }, LOOK_EVERY);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Called after every change. */
  onChange(listener: (set: AuthoritySet) => void): void {
    this.#listeners.push(listener);
  }

  /** Base of the plain-HTTP URLs in certificates, or null to leave them out. */
  get publicUrl(): string | null {
    return this.#publicUrl;
  }

  /** Stores the URL at which a registered RA serves CRL and OCSP. */
  async learnPublicUrl(told: ToldUrl): Promise<void> {
    const { store, log } = this.options;
    const changed = await learnUrl(store, told);
    if (changed !== null) log.warn(changed);
    await this.reload();
  }

  /** Called for every certificate. Logs at most once an hour that certificates are issued without CRL and OCSP URLs. */
  noteIssuance(): void {
    const { clock, log } = this.options;
    const now = clock();
    if (this.#publicUrl !== null || now - this.#remindedAt < REMIND_EVERY) return;
    this.#remindedAt = now;
    log.warn(
      'certificates are issued that name neither CRL nor OCSP: nobody who meets one can ask whether it was revoked. Set UPKI_CA_PUBLIC_URL ' +
        'to where clients reach the plain-HTTP port of the RA, such as http://pki.example.internal:8001',
    );
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** Cross-certificates: keys of roots, certified by other roots. */
  get crosses(): readonly AuthorityRecord[] {
    return this.#crosses;
  }

  /** The issuer that signs new certificates. @throws TaskError of kind `retry` when there is none */
  get active(): Member {
    const active = activeOf(this.#members, this.options.clock());
    if (active !== null) return active;
    throw new TaskError(ErrorCode.certificate, 'No issuer of this CA is valid now', 'retry');
  }

  /** Like `active`, but reads the store when no issuer is active: another process may have made one. @throws StoreUnavailable */
  async findActive(): Promise<Member> {
    if (activeOf(this.#members, this.options.clock()) === null) await this.reload();
    return this.active;
  }

  /** The newest issuer, valid or not. */
  get newest(): Member | null {
    return activeOf(this.#members, null);
  }

  byTag(tag: string): Member | null {
    return this.#members.find((each) => each.tag === tag) ?? null;
  }

  byId(id: string): Member | null {
    return this.#members.find((each) => each.id === id) ?? null;
  }

  /** The published roots, the one in use first. */
  get roots(): Member[] {
    return liveRoots(this.#members);
  }

  /** PEM of the published roots, the one in use first. */
  get rootsPem(): string {
    return this.roots.map(({ pem }) => pem).join('');
  }

  /**
   * PEM of the chain of an issuer, without the root. While an older root is also published, the chain ends
   * with the cross-certificate by that root, so that clients that trust either root accept it.
   */
  chainOf(member: Member): string {
    const roots = this.roots;
    const place = roots.findIndex(({ id }) => id === member.record.root);
    const older = roots.slice(place + 1).filter(({ record }) => record.usedFrom !== null);
    const cross = this.#crosses.find(
      ({ of, root }) => place >= 0 && of === member.record.root && older.some(({ id }) => id === root),
    );
    return member.chainPem + (cross && member.record.kind === 'issuer' ? crossPem(cross) : '');
  }

  /** The name constraints of an issuer, of the CAs above it and of its root. Each of them must permit a name. */
  constraintsOver(member: Member): readonly NameConstraints[] {
    let known = this.#constraints.get(member);
    if (known === undefined) {
      const root = this.rootOf(member);
      const above = root === null || root === member ? '' : root.pem;
      const chain = member.pem + member.record.chain + above;
      known = constraintsAbove(fromPem('CERTIFICATE', chain).map((der) => parseCertificate(der)));
      this.#constraints.set(member, known);
    }
    return known;
  }

  rootOf(member: Member): Member | null {
    return this.byId(member.record.root);
  }

  /** Reads the set from the store, not earlier than this call; true when it changed. @throws StoreUnavailable */
  reload(): Promise<boolean> {
    return this.#reloading.after();
  }

  /** Reads the set from the store; the last known set stays while the store is unavailable. */
  async fresh(): Promise<this> {
    await this.reload().catch((err) =>
      this.options.log.warn({ err }, 'it is not known whether the issuers changed'),
    );
    return this;
  }

  async #reload(): Promise<boolean> {
    const { store } = this.options;
    const [records, told] = await Promise.all([store.listAuthorities(), toldUrl(store)]);
    const publicUrl = this.options.publicUrl ?? told?.url ?? null;
    const facts = records.map(({ certificate: _, sealedKey, ...rest }) => ({
      ...rest,
      sealed: sealedKey !== null,
    }));
    const seen = JSON.stringify({ publicUrl, facts });
    if (seen === this.#seen) return false;
    this.#publicUrl = publicUrl;
    const members = records.filter(({ kind }) => kind !== 'cross');
    this.#members = await Promise.all(members.map((record) => this.#member(record)));
    this.#crosses = records.filter(({ kind }) => kind === 'cross');
    this.#seen = seen;
    for (const listener of this.#listeners) listener(this);
    return true;
  }

  async #member(record: AuthorityRecord): Promise<Member> {
    const { keys, log } = this.options;
    const opened = await keys.open(record).catch(errorMessage);
    if (typeof opened !== 'string') return new Member(record, opened, this.#publicUrl);
    log.error({ issuer: record.id }, `the key cannot be used: ${opened}`);
    return new Member(record, null, this.#publicUrl, opened);
  }
}

/** PEM of a cross-certificate. */
const crossPem = ({ certificate }: AuthorityRecord): string => toPem('CERTIFICATE', certificate);
