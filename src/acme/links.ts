import { isIP } from 'node:net';
import { BoundedMap } from '../lib/bounded-map.js';
import type { ChallengeType } from '../model/facts.js';
import type { FormerBases } from '../ra/former-bases.js';

/** All URLs of ACME below one base (RFC 8555 §7.1). */
export class Links {
  readonly directory: string;
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly newAuthz: string;
  readonly revokeCert: string;
  readonly keyChange: string;
  readonly renewalInfo: string;
  readonly terms: string;
  /** draft-ietf-acme-dns-persist-02 §4.1 */
  readonly accountHashPrefix: string;
  /** Value of the `Link` header of every answer except the directory (§7.1). */
  readonly index: string;
  readonly #accounts: string;

  /** @param base scheme, host and port without a slash at the end */
  constructor(readonly base: string) {
    const root = `${base}/acme`;
    this.directory = `${root}/directory`;
    this.newNonce = `${root}/new-nonce`;
    this.newAccount = `${root}/new-account`;
    this.newOrder = `${root}/new-order`;
    this.newAuthz = `${root}/new-authz`;
    this.revokeCert = `${root}/revoke-cert`;
    this.keyChange = `${root}/key-change`;
    this.renewalInfo = `${root}/renewal-info`;
    this.terms = `${root}/terms`;
    this.accountHashPrefix = `${root}/account-hash/`;
    this.index = `<${this.directory}>;rel="index"`;
    this.#accounts = `${root}/account/`;
  }

  account(id: string): string {
    return this.#accounts + id;
  }

  /** §7.1.2.1 */
  orders(accountId: string, cursor?: string): string {
    const url = `${this.account(accountId)}/orders`;
    return cursor === undefined ? url : `${url}?cursor=${encodeURIComponent(cursor)}`;
  }

  order(id: string): string {
    return `${this.base}/acme/order/${id}`;
  }

  finalize(orderId: string): string {
    return `${this.order(orderId)}/finalize`;
  }

  authorization(id: string): string {
    return `${this.base}/acme/authz/${id}`;
  }

  challenge(authorizationId: string, type: ChallengeType): string {
    return `${this.base}/acme/challenge/${authorizationId}/${type}`;
  }

  /** §7.4.2; alternate chains are numbered from 1. */
  certificate(id: string, alternate?: number): string {
    const url = `${this.base}/acme/cert/${id}`;
    return alternate === undefined ? url : `${url}/${alternate}`;
  }
}

const ACCOUNT_URL = /^(https?:\/\/[^/?#]+)\/acme\/account\/([^/?#]+)$/;
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::([1-9]\d{0,4}))?$/;
/** Limit of cached bases: more than an RA has names and ports. It bounds the memory that forged ports in `Host` can use. */
const MAX_BASES = 64;

interface LinkBuilderOptions {
  /** UPKI_RA_URL; null: each client gets URLs with the name that it used. */
  publicUrl: string | null;
  /** Names and addresses in the RA's own certificate, lower case, the main one first. The same array until they change. */
  ownNames(): readonly string[];
  /** The port the RA listens on. */
  port(): number;
  /** All bases of account URLs that were ever issued. */
  formerBases: Pick<FormerBases, 'remember' | 'rememberAsked' | 'includes' | 'all'>;
}

/**
 * Chooses the base of a request's URLs: the configured one, else the request's Host if that name is in the
 * RA's own certificate, else the RA's first name. A forged Host is never repeated.
 */
export class LinkBuilder {
  readonly #options: LinkBuilderOptions;
  readonly #public: Links | null;
  readonly #byHost = new BoundedMap<string, Links>(MAX_BASES);
  #names: readonly string[] = [];
  #main: Links | null = null;

  constructor(options: LinkBuilderOptions) {
    this.#options = options;
    this.#public = options.publicUrl === null ? null : new Links(options.publicUrl.replace(/\/$/, ''));
  }

  /** @param host the request's Host header, port included */
  forHost(host: string | undefined): Links {
    if (this.#public) return this.#public;
    this.#forgetOldNames();
    const known = host === undefined ? undefined : this.#byHost.get(host);
    if (known) return known;
    const base = host === undefined ? null : this.#ownBase(host);
    if (base === null || host === undefined) return this.main();
    const links = new Links(base);
    this.#byHost.set(host, links);
    return links;
  }

  /** The base with the name that a client used at another port, if it is a name of the RA; else the main base. */
  baseForName(host: string | undefined): string {
    const [, name] = HOST.exec(host?.toLowerCase() ?? '') ?? [];
    const own = name === undefined ? undefined : this.bases().find((base) => new URL(base).hostname === name);
    return this.#public?.base ?? own ?? this.main().base;
  }

  /** URLs that belong to no request: for the ready line and CAA `accounturi`. */
  main(): Links {
    if (this.#public) return this.#public;
    this.#forgetOldNames();
    this.#main ??= new Links(this.#mainBase());
    return this.#main;
  }

  /** The account id of a `kid` (RFC 8555 §6.2) below any current or former base, else null. @throws StoreUnavailable */
  async accountId(kid: string, links: Links): Promise<string | null> {
    const [, base = '', id] = ACCOUNT_URL.exec(kid) ?? [];
    if (id === undefined) return null;
    const ours = base === links.base || this.#ownBase(base.replace(/^https:\/\//, '')) === base;
    return ours || (await this.#options.formerBases.includes(base)) ? id : null;
  }

  /** Stores every current base of account URLs, at the start. @throws StoreUnavailable */
  async remember(...bases: string[]): Promise<void> {
    for (const base of bases) await this.#options.formerBases.remember(base);
  }

  /** Stores the base of a request, before the client gets an account URL with it. @throws StoreUnavailable */
  rememberAsked({ base }: Links): Promise<void> {
    return this.#options.formerBases.rememberAsked(base);
  }

  /** Every URL that this account has or had, the current one first. @throws StoreUnavailable */
  async accountUrls(id: string): Promise<readonly string[]> {
    return (await this.#everyBase()).map((base) => new Links(base).account(id));
  }

  /** DNS names that this RA has or had, the current one first; `localhost` only without another name. @throws StoreUnavailable */
  async hosts(): Promise<readonly string[]> {
    const hosts = (await this.#everyBase()).map((base) => new URL(base).hostname);
    const names = [...new Set(hosts)].filter((host) => isIP(host.replace(/^\[|\]$/g, '')) === 0);
    const others = names.filter((name) => name !== 'localhost');
    return others.length > 0 ? others : ['localhost'];
  }

  async #everyBase(): Promise<readonly string[]> {
    return [...new Set([this.main().base, ...this.bases(), ...(await this.#options.formerBases.all())])];
  }

  /** The bases with the RA's own names, and the configured one. */
  bases(): string[] {
    const own = this.#options.ownNames().map((name) => this.#baseOf(name));
    return [...new Set([this.main().base, ...own])];
  }

  #forgetOldNames(): void {
    const names = this.#options.ownNames();
    if (names === this.#names) return;
    this.#names = names;
    this.#byHost.clear();
    this.#main = null;
  }

  #ownBase(hostHeader: string): string | null {
    const [, host = '', port] = HOST.exec(hostHeader.toLowerCase()) ?? [];
    const name = host.replace(/^\[|\]$/g, '');
    if (name === '' || !this.#options.ownNames().includes(name)) return null;
    const base = `https://${host}${port === undefined || port === '443' ? '' : `:${port}`}`;
    // A port above 65535 makes no URL.
    return URL.canParse(base) ? base : null;
  }

  #mainBase(): string {
    return this.#baseOf(this.#options.ownNames()[0] ?? 'localhost');
  }

  #baseOf(name: string): string {
    const port = this.#options.port();
    return `https://${name.includes(':') ? `[${name}]` : name}${port === 443 ? '' : `:${port}`}`;
  }
}
