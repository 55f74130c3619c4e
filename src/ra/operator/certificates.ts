import { pages } from '../../lib/pages.js';
import type { CertificateAuthority } from '../../model/ca.js';
import type { FoundCertificate, SearchState } from '../../model/ca-register.js';
import type { Authorization } from '../../model/facts.js';
import { Refused } from '../../model/refusal.js';
import type { OtherCertificate } from '../../store/contract/other-certificates.js';
import type { RaStore } from '../../store/contract/ra.js';
import { REVOCATION_REASON } from '../../x509/crl.js';
import { chainOf } from '../ca/find-authority.js';
import { revokeRecorded } from '../ca/revoke-recorded.js';
import type { RaEvents } from '../events.js';
import { type OperatorSearch, searchCertificates } from './certificate-search.js';
import { foundHere } from './found-here.js';

export interface OperatorCertificatesOptions {
  store: RaStore;
  ca: Pick<
    CertificateAuthority,
    | 'revoke'
    | 'revokeShown'
    | 'endHold'
    | 'authorities'
    | 'caCertificates'
    | 'search'
    | 'bySerial'
    | 'bySerials'
  >;
  clock(): number;
  onRevocation: RaEvents['revocation'];
}

/** Refers to a certificate by its serial (lower-case hex) or by one of its names. */
export type Reference = { serial: string } | { name: string; all: boolean };

/** The outcome, real or planned, for one certificate. */
export interface Done {
  certificate: FoundCertificate;
  /** `already`: it was revoked before; `planned`: nothing was done. */
  outcome: 'done' | 'already' | 'planned';
}

const PAGE = 500;
const HISTORY = 50;

/** How one name of a certificate was proven. */
interface Proof {
  name: string;
  /** A challenge type, or `node`. */
  by: string;
  at: number | null;
}

/** All facts about one certificate. */
interface CertificateStory {
  certificate: FoundCertificate;
  /** PEM of the certificate alone. */
  pem: string;
  /** PEM, leaf first, root left out. */
  chain: string;
  /** Name of the node it belongs to. */
  node: string | null;
  proofs: Proof[];
  /** The reason it was issued, if it has neither an order nor a node. */
  origin: string | null;
  /** Serial of the certificate that was ordered to replace it (RFC 9773 §5). */
  replacedBy: string | null;
  /** Other certificates of the same name, the one that ends last first. */
  history: FoundCertificate[];
}

/** An operator's view of all certificates, and revoking them. @throws Refused, CaUnavailable, CaLacksTask */
export class OperatorCertificates {
  constructor(private readonly options: OperatorCertificatesOptions) {}

  /** A page of certificates. @throws Refused for conditions that do not go together */
  search(search: OperatorSearch): Promise<{ certificates: FoundCertificate[]; next: string | null }> {
    return searchCertificates(this.options, search);
  }

  /** @throws Refused when there is none */
  async show(reference: string, serial: string | null): Promise<CertificateStory> {
    const certificate = await this.#one(reference, serial);
    const { store, ca } = this.options;
    const own = await store.findCertificateBySerial(certificate.serial);
    const found = own && (await store.getOrder(own.orderId));
    const [name] = certificate.names;
    const pem = (await ca.bySerial(certificate.serial))?.certificate ?? '';
    const page = await ca.search({
      after: null,
      limit: HISTORY,
      name: exactly(name?.value ?? certificate.cn),
    });
    return {
      certificate,
      pem,
      chain: own?.chain ?? (await this.#fileOf(pem)),
      node: await this.#nodeOf(certificate, found?.authorizations ?? []),
      proofs: (found?.authorizations ?? []).map(proofOf),
      origin: originOf(await store.findOtherCertificate(certificate.serial)),
      replacedBy: await this.#successor(own?.replacedBy ?? null),
      history: page.certificates.filter((each) => each.serial !== certificate.serial),
    };
  }

  /** PEM of the certificate and its chain; empty when only its serial is known. */
  async #fileOf(pem: string): Promise<string> {
    return pem === '' ? '' : pem + (await chainOf(pem, this.options.ca));
  }

  /** Finds by serial; else by name: the good certificate that ends last, else the one that ended last. */
  async #one(reference: string, serial: string | null): Promise<FoundCertificate> {
    const { ca } = this.options;
    const [bySerial] = serial === null ? [] : await ca.bySerials([serial]);
    if (bySerial) return bySerial;
    const name = exactly(reference);
    for (const state of ['good', undefined] as const) {
      const search = { limit: 1, name, ...(state && { state }) };
      for await (const { certificates } of pages((after) => ca.search({ ...search, after }))) {
        const [found] = certificates;
        if (found) return found;
      }
    }
    throw new Refused('notFound', `no certificate has this serial or name: ${reference.slice(0, 100)}`);
  }

  async #nodeOf(
    { serial, accountId }: FoundCertificate,
    proofs: readonly Authorization[],
  ): Promise<string | null> {
    const { store } = this.options;
    const own = await store.findNodeBySerial(serial);
    if (own) return own.cn;
    const account = accountId === null ? null : await store.getAccount(accountId);
    const id = account?.nodeId ?? proofs.find(({ provenBy }) => provenBy !== null)?.provenBy ?? null;
    return id === null ? null : ((await store.getNodeById(id))?.cn ?? null);
  }

  async #successor(orderId: string | null): Promise<string | null> {
    const { store } = this.options;
    const certificateId = orderId && (await store.getOrder(orderId))?.order.certificateId;
    return certificateId ? ((await store.getCertificate(certificateId))?.serial ?? null) : null;
  }

  /**
   * Revokes with an RFC 5280 §5.3.1 reason code. When this resolves, OCSP, the CRL and the renewal information (RFC 9773) show it.
   * A run that failed halfway is completed by repeating it. With `plan`, nothing is revoked.
   * @throws Refused for the registration of an RA
   */
  async revoke(reference: Reference, reason: number, plan: boolean): Promise<Done[]> {
    const done: Done[] = [];
    for (const certificate of withoutRegistrations(await this.#meant(reference, ['good', 'held']))) {
      const already = plan
        ? isFinal(certificate, reason)
        : !(await this.revokeOne(certificate.serial, reason));
      done.push({ certificate, outcome: already ? 'already' : plan ? 'planned' : 'done' });
    }
    return done;
  }

  /** True when it was not revoked before. @throws CaRefused, CaUnavailable */
  async revokeOne(serial: string, reason: number): Promise<boolean> {
    const { ca, store, clock, onRevocation } = this.options;
    const { already } = await revokeRecorded({ ca, store }, serial, reason);
    await store.recordRevocation(serial, clock(), reason);
    if (!already) onRevocation({ serial, reason, accountId: null });
    return !already;
  }

  /** Puts certificates on hold, which `endHold` undoes. */
  hold(reference: Reference, plan: boolean): Promise<Done[]> {
    return this.revoke(reference, REVOCATION_REASON.certificateHold, plan);
  }

  /** @throws Refused when one is not on hold */
  async endHold(reference: Reference, plan: boolean): Promise<Done[]> {
    const done: Done[] = [];
    for (const certificate of await this.#meant(reference, ['held'])) {
      if (!plan) await this.#endHoldOf(certificate);
      done.push({ certificate, outcome: plan ? 'planned' : 'done' });
    }
    return done;
  }

  /** Completes a run after which the CA has the certificate as good, and our record has it on hold. @throws CaRefused */
  async #endHoldOf({ serial, state }: FoundCertificate): Promise<void> {
    const { ca, store } = this.options;
    const isHeldHere = async () =>
      (await store.findCertificateBySerial(serial))?.revocationReason === REVOCATION_REASON.certificateHold;
    if (state !== 'good' || !(await isHeldHere())) await ca.endHold(serial);
    await store.clearRevocation(serial);
  }

  /** The certificates of an account that are good or on hold. @throws CaUnavailable, CaLacksTask */
  async ofAccount(account: string): Promise<FoundCertificate[]> {
    return this.#all(['good', 'held'], { account });
  }

  /** Every certificate in one of `states`. A page may be short, or empty, and not the last. */
  async #all(
    states: readonly SearchState[],
    conditions: { name: string } | { account: string },
  ): Promise<FoundCertificate[]> {
    const { ca } = this.options;
    const all: FoundCertificate[] = [];
    for (const state of states) {
      const search = { ...conditions, limit: PAGE, state };
      for await (const page of pages((after) => ca.search({ ...search, after })))
        all.push(...page.certificates);
    }
    return all;
  }

  /** The certificates that a reference selects: by name those in one of `states`, and several only with `all`. */
  async #meant(reference: Reference, states: readonly SearchState[]): Promise<FoundCertificate[]> {
    const { ca } = this.options;
    if ('serial' in reference) {
      const found = await ca.bySerials([reference.serial]);
      if (found.length > 0) return found;
      const own = await foundHere(this.options.store, reference.serial);
      if (own === null) throw new Refused('notFound', 'no certificate has this serial', { field: 'serial' });
      return [own];
    }
    const name = exactly(reference.name);
    const found = await this.#all(states, { name });
    if (found.length === 0) {
      throw new Refused(
        'notFound',
        `no certificate of ${reference.name.slice(0, 100)} is ${states.join(' or ')}`,
        { field: 'name' },
      );
    }
    if (found.length > 1 && !reference.all) {
      const serials = found.slice(0, 5).map(({ serial }) => serial);
      throw new Refused(
        'conflict',
        `${found.length} certificates have this name (${serials.join(', ')}${found.length > 5 ? ', …' : ''}): name one by its serial, or say all`,
        { field: 'name' },
      );
    }
    return found;
  }
}

/** Whether the certificate is revoked, and a revocation for this reason would not change that. */
function isFinal({ state, reason }: FoundCertificate, asked: number): boolean {
  if (state !== 'revoked' || reason === 'certificateHold') return false;
  return asked !== REVOCATION_REASON.keyCompromise || reason === 'keyCompromise';
}

/** Leaves out registrations of RAs: an RA that revokes its own could not undo it. They are ended on the CA's machine. */
function withoutRegistrations(certificates: FoundCertificate[]): FoundCertificate[] {
  const others = certificates.filter(({ profile }) => profile !== 'ra');
  if (certificates.length > 0 && others.length === 0) {
    throw new Refused(
      'conflict',
      "this is the registration of an RA, which would be cut off: end it on the CA's machine, by `upki ra revoke`",
    );
  }
  return others;
}

/** An operation takes a name literally, never as a glob. */
const exactly = (name: string): string => `=${name}`;

function originOf(other: OtherCertificate | null): string | null {
  if (other === null) return null;
  return other.renews === null ? other.origin : `${other.origin}, of ${other.renews}`;
}

function proofOf({ identifier, wildcard, provenBy, createdAt, challenges }: Authorization): Proof {
  const name = wildcard ? `*.${identifier.value}` : identifier.value;
  const validated = challenges.find(({ validatedAt }) => validatedAt !== null);
  if (provenBy !== null) return { name, by: 'node', at: createdAt };
  return { name, by: validated?.type ?? 'nothing', at: validated?.validatedAt ?? null };
}
