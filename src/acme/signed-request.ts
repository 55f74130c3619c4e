import type { FastifyRequest } from 'fastify';
import { addressOf } from '../http/peer.js';
import type { Account } from '../model/facts.js';
import { Problem } from '../model/problem.js';
import { accountStatus } from '../model/status.js';
import type { Subject, Subjects } from '../model/subject.js';
import type { RegistrationAuthority } from '../ra/registration-authority.js';
import { type PublicKey, parseJwk } from './jose/jwk.js';
import { isSignedWith, type Jws, parseJws, signatureAlgorithm, stringMember, verifyJws } from './jose/jws.js';
import { KeyCache } from './jose/key-cache.js';
import type { LinkBuilder, Links } from './links.js';
import type { Nonces, NonceVerdict } from './nonces/nonces.js';

/** A POST with verified signature, nonce and URL (RFC 8555 §6.2 to §6.5). */
interface SignedRequest {
  payload: Buffer;
  links: Links;
}

export interface AccountRequest extends SignedRequest {
  account: Account;
}

/** The signer of a request, and what the request is about, if that was read together with the account. */
interface Signer<Kind extends keyof Subjects> {
  account: Account | null;
  ahead?: Promise<Subjects[Kind] | null>;
}

interface AccountRequestAbout<Kind extends keyof Subjects> extends AccountRequest {
  ahead: Promise<Subjects[Kind] | null> | undefined;
}

type Readers = { [Kind in keyof Subjects]: { find(id: string): Promise<Subjects[Kind] | null> } };

export interface KeyRequest extends SignedRequest {
  key: PublicKey;
}

/** Authenticates ACME POSTs. The methods follow RFC 8555 §6, in order. */
export class SignedRequests {
  readonly #keys = new KeyCache();
  readonly #readers: Readers;

  constructor(
    private readonly ra: Pick<
      RegistrationAuthority,
      'accounts' | 'uses' | 'authorizations' | 'orders' | 'certificates'
    >,
    private readonly nonces: Nonces,
    private readonly links: LinkBuilder,
  ) {
    this.#readers = { authorization: ra.authorizations, order: ra.orders, certificate: ra.certificates };
  }

  /** A request signed by the account in `kid`. */
  byAccount(request: FastifyRequest): Promise<AccountRequest> {
    return this.#byAccount(request);
  }

  /**
   * As `byAccount`, for a request that probably needs this resource. If the signature is verified by then, the resource is read
   * together with the account, which saves a statement or a round trip to the database; else the caller reads it.
   */
  byAccountAbout<Kind extends keyof Subjects>(
    request: FastifyRequest,
    kind: Kind,
    id: string,
  ): Promise<AccountRequestAbout<Kind>> {
    return this.#byAccount(request, { kind, id });
  }

  async #byAccount<Kind extends keyof Subjects>(
    request: FastifyRequest,
    about?: Subject<Kind>,
  ): Promise<AccountRequestAbout<Kind>> {
    const { jws, links } = this.#open(request);
    const signed = await this.#fromAccount(request, jws, requireKid(jws), links, about);
    request.accountId = signed.account.id;
    return signed;
  }

  /** A request signed by the key in `jwk`: newAccount (§7.3). */
  async byKey(request: FastifyRequest): Promise<KeyRequest> {
    const { jws, links } = this.#open(request);
    return this.#fromKey(jws, requireJwk(jws), links);
  }

  /** A request signed by either: revokeCert (§7.6). */
  async byAccountOrKey(request: FastifyRequest): Promise<AccountRequest | KeyRequest> {
    const { jws, links } = this.#open(request);
    if ('jwk' in jws.header) return this.#fromKey(jws, requireJwk(jws), links);
    return this.#fromAccount(request, jws, requireKid(jws), links);
  }

  /** Checks that need no key. */
  #open(request: FastifyRequest): { jws: Jws; links: Links } {
    const links = this.links.forHost(request.headers.host);
    const jws = parseJws(requireBody(request)); // §6.2
    signatureAlgorithm(jws); // §6.2
    requireUrl(jws, links.base + request.url); // §6.4
    return { jws, links };
  }

  async #fromAccount<Kind extends keyof Subjects>(
    request: FastifyRequest,
    jws: Jws,
    kid: string,
    links: Links,
    about?: Subject<Kind>,
  ): Promise<AccountRequestAbout<Kind>> {
    const id = await this.links.accountId(kid, links);
    const { account, ahead }: Signer<Kind> =
      id === null ? { account: null } : await this.#signer(id, jws, about);
    if (!account) throw new Problem('accountDoesNotExist', '"kid" is not the URL of an account here'); // §6.2
    requireValid(account); // §7.3.6
    this.ra.uses.note(account.id, addressOf(request));
    return { account, payload: jws.payload, links, ahead };
  }

  /**
   * The account that signed (§6.2); the nonce is spent (§6.5). If the account's cached key verifies the signature, the account and
   * what the request is about are read in the same step in which the nonce is spent, which saves a round trip to the database. The
   * account's current key decides.
   */
  async #signer<Kind extends keyof Subjects>(
    id: string,
    jws: Jws,
    about?: Subject<Kind>,
  ): Promise<Signer<Kind>> {
    const last = this.#keys.lastOf(id);
    if (last !== null && isSignedWith(jws, last.key)) {
      const signer = await this.#spendNonceBy(id, jws, about);
      const { account } = signer;
      if (account && account.thumbprint !== last.thumbprint) verifyJws(jws, this.#keys.ofAccount(account));
      return signer;
    }
    const account = await this.ra.accounts.byId(id);
    if (!account) return { account };
    verifyJws(jws, this.#keys.ofAccount(account));
    await this.#spendNonce(jws);
    return { account };
  }

  async #fromKey(jws: Jws, jwk: unknown, links: Links): Promise<KeyRequest> {
    const key = parseJwk(jwk); // §6.2
    verifyJws(jws, key); // §6.2
    await this.#spendNonce(jws); // §6.5
    return { key, payload: jws.payload, links };
  }

  /** §6.5, after the signature: only the signer of a request can spend its nonce. */
  async #spendNonce(jws: Jws): Promise<void> {
    requireOk(await this.nonces.spend(requireNonce(jws)));
  }

  async #spendNonceBy<Kind extends keyof Subjects>(
    id: string,
    jws: Jws,
    about?: Subject<Kind>,
  ): Promise<Signer<Kind>> {
    if (this.nonces.spendBy) {
      const { verdict, account, found } = await this.nonces.spendBy(id, requireNonce(jws), about);
      requireOk(verdict);
      return about ? { account, ahead: Promise.resolve(found) } : { account };
    }
    const ahead = about && this.#readers[about.kind].find(about.id);
    // If the request is refused, the read is not awaited, and its rejection must not be unhandled.
    ahead?.catch(() => undefined);
    const [account] = await Promise.all([this.ra.accounts.byId(id), this.#spendNonce(jws)]);
    return ahead ? { account, ahead } : { account };
  }
}

function requireNonce({ header }: Jws): string {
  const nonce = stringMember(header, 'nonce');
  if (nonce === null) throw new Problem('badNonce', 'the protected header has no "nonce"');
  // §6.5.2
  if (!/^[A-Za-z0-9_-]+$/.test(nonce)) throw new Problem('malformed', '"nonce" is not base64url');
  return nonce;
}

function requireOk(verdict: NonceVerdict): void {
  if (verdict !== 'ok') throw new Problem('badNonce', NONCE_REFUSALS[verdict]);
}

const NONCE_REFUSALS = {
  unknown: 'the nonce is not one this server gave out since it started',
  spent: 'the nonce was used before',
  expired: 'the nonce is too old',
};

/** §7.3.6 requires 401 for deactivated accounts; accounts that the server revoked get it too. */
export function requireValid(account: Account): void {
  const status = accountStatus(account);
  if (status !== 'valid') throw new Problem('unauthorized', `the account is ${status}`, { status: 401 });
}

/** §6.2: the content type. The parser refuses bodies of another type; a request without a body is refused here. */
function requireBody({ body }: FastifyRequest): Buffer {
  if (Buffer.isBuffer(body)) return body;
  throw new Problem('malformed', 'a JWS is wanted, with Content-Type: application/jose+json', {
    status: 415,
  });
}

/** §6.4 */
function requireUrl({ header }: Jws, url: string): void {
  const signed = stringMember(header, 'url');
  if (signed === null) throw new Problem('malformed', 'the protected header has no "url"');
  if (signed !== url) throw new Problem('unauthorized', `"url" in the protected header is not ${url}`);
}

/** §6.2: jwk and kid exclude each other. */
function requireKid(jws: Jws): string {
  const kid = stringMember(jws.header, 'kid');
  if ('jwk' in jws.header) throw new Problem('malformed', 'sign with the account\'s "kid", without a "jwk"');
  if (kid === null) throw new Problem('malformed', 'the protected header has no "kid"');
  return kid;
}

function requireJwk({ header }: Jws): unknown {
  if ('kid' in header) throw new Problem('malformed', 'sign with a "jwk", without a "kid"');
  if (!('jwk' in header)) throw new Problem('malformed', 'the protected header has no "jwk"');
  return header.jwk;
}
