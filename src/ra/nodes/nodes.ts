import {
  CaRefused,
  type CertificateAuthority,
  type IssuedCertificate,
  type NodeCertificates,
} from '../../model/ca.js';
import { type CertificateDetails, type CertificateRegister, recordOf } from '../../model/ca-register.js';
import type { Node } from '../../model/facts.js';
import { Refused } from '../../model/refusal.js';
import type { RaStore } from '../../store/contract/ra.js';
import { calledName, nameKey, type SubjectName } from '../../x509/certificate-names.js';
import { REVOCATION_REASON } from '../../x509/crl.js';
import { Ids } from '../ids.js';
import { parseLeaf } from '../issued.js';
import type { NamePolicy } from '../name-policy.js';
import { checkAllowed, nodeNames, nodeProfile } from './node-names.js';
import { refuseOverAcme } from './renewable.js';
import { newSeed, seedHash } from './seeds.js';

export interface NodeOptions {
  store: RaStore;
  ca: Pick<CertificateAuthority, 'revoke'> & Pick<NodeCertificates, 'enroll'>;
  register: Pick<CertificateRegister, 'profile' | 'bySerial' | 'bySerials' | 'list' | 'search'>;
  policy: NamePolicy;
  /** Milliseconds a seed can be used in. */
  seedLifetime: number;
  events: NodeEvents;
  clock(): number;
  random(bytes: number): Buffer;
}

/** What happened, for logs; never holds a seed. */
export interface NodeEvents {
  registered(event: { cn: string; profile: string; by: string }): void;
  /** `cn` null: certified by the registration seed. */
  enrolled(event: { cn: string | null; serial: string; profile: string }): void;
  removed(event: { cn: string; by: string; revoked: string[] }): void;
}

export interface Registration {
  cn: string;
  sans: readonly { type: string; value: string }[];
  profile: string;
  /** Registers a name anew that is registered: what it was registered for, and its seed, end. */
  replace: boolean;
  /** DN of the administrator. */
  by: string;
}

/** Certificates of a name asked for at once. */
const PAGE = 100;

/** The nodes administrators register: machines that get certificates for what was registered and nothing else. */
export class Nodes {
  readonly #ids: Ids;

  constructor(private readonly options: NodeOptions) {
    this.#ids = new Ids(options.random);
  }

  /** Registers a node, with a new seed, which is nowhere kept but in the answer. @throws Refused, CaUnavailable */
  async register(request: Registration): Promise<{ node: Node; seed: string }> {
    const { register, policy, events, clock, random, seedLifetime } = this.options;
    const profile = await nodeProfile(register, request.profile);
    const names = nodeNames(profile, request.cn, request.sans);
    checkAllowed(policy, names.names, 'sans');
    const now = clock();
    const seed = newSeed(random);
    const wanted: Node = {
      id: this.#ids.next(now),
      cn: calledName(names),
      names: names.names,
      profile: profile.name,
      registeredAt: now,
      registeredBy: request.by,
      removingAt: null,
      patterns: [],
      challengesWaived: false,
      key: null,
      enrolment: {
        id: this.#ids.next(now),
        seedHash: seedHash(seed),
        expiresAt: now + seedLifetime,
        claimedAt: null,
        key: null,
        serial: null,
      },
    };
    const node = await this.#store(wanted, request.replace);
    events.registered({ cn: node.cn, profile: node.profile, by: request.by });
    return { node, seed };
  }

  async #store(wanted: Node, replace: boolean): Promise<Node> {
    const { store } = this.options;
    if (await store.createNode(wanted)) return wanted;
    if (replace && (await store.replaceNode(wanted))) return wanted;
    const there = await store.getNode(wanted.cn);
    throw new Refused(
      'conflict',
      there?.removingAt
        ? `"${wanted.cn}" is being removed: repeat its removal to complete it`
        : `"${wanted.cn}" is registered already: say "replace": true to register it anew, with a new seed`,
      'cn',
    );
  }

  /** By name; `next` is the cursor of the page after. */
  async list(after: string | null, limit: number): Promise<{ nodes: Node[]; next: string | null }> {
    const found = await this.options.store.listNodes({ after, limit: limit + 1 });
    const nodes = found.slice(0, limit);
    return { nodes, next: found.length > limit ? (nodes.at(-1)?.cn ?? null) : null };
  }

  /**
   * Ends a node: nothing more by its seed or its certificates, then every certificate of it revoked
   * (cessationOfOperation), then the node forgotten. What fails on the way is completed by doing it again.
   * @throws Refused, CaUnavailable
   */
  async remove(name: string, by: string): Promise<{ node: Node; revoked: string[] }> {
    const { store, clock, events } = this.options;
    const node =
      (await store.beginNodeRemoval(name, clock())) ??
      (await store.beginNodeRemoval(name.toLowerCase(), clock()));
    if (!node) throw new Refused('notFound', `there is no node "${name}"`, 'cn');
    const { serials, unfinished } = await store.findNodeIssuances(node.id, clock());
    const revoked: string[] = [];
    for (const serial of new Set([...serials, ...(await this.#goodCertificates(node))])) {
      if (await this.#revoke(serial)) revoked.push(serial);
    }
    if (unfinished)
      throw new Refused('unavailable', 'an order of the node is being finalized: repeat the removal');
    await store.removeNode(node.id);
    events.removed({ cn: node.cn, by, revoked });
    return { node, revoked };
  }

  /** By the CA's register, for those whose issuance a crash kept from ours. */
  async #goodCertificates({ cn, profile }: Node): Promise<string[]> {
    const serials: string[] = [];
    let after: string | null = null;
    do {
      const page = await this.options.register.list({ after, limit: PAGE, cn, state: 'good' });
      serials.push(
        ...page.certificates.filter((each) => each.profile === profile).map(({ serial }) => serial),
      );
      after = page.next;
    } while (after !== null);
    return serials;
  }

  /** True when it was good until now. */
  async #revoke(serial: string): Promise<boolean> {
    const { ca, store, clock } = this.options;
    const reason = REVOCATION_REASON.cessationOfOperation;
    try {
      const { already } = await ca.revoke(serial, reason);
      await store.recordRevocation(serial, clock(), reason);
      return !already;
    } catch (error) {
      if (error instanceof CaRefused && error.kind === 'notFound') return false;
      throw error;
    }
  }

  /** The node that holds this certificate, if the CA says that it is good at this moment. @throws CaUnavailable */
  async ofCertificate(held: { serial: string; certificate: Uint8Array }): Promise<Node | null> {
    const { store, register } = this.options;
    // Most who present a certificate are no nodes: the CA is asked only about those that are.
    if (!(await store.findNodeBySerial(held.serial))) return null;
    const record = await recordOf(held, register);
    if (record?.state !== 'good') return null;
    // Again, for a removal that came while the CA was asked.
    const node = await store.findNodeBySerial(held.serial);
    return node?.removingAt === null ? node : null;
  }

  /**
   * Renews a certificate by `reissue`, which makes another one of the same names. One got over ACME is refused, and so are names that
   * today's lists deny. A node's is renewed while it says what the node is registered with, and the new one is the node's too.
   * @throws Refused, CaUnavailable
   */
  async renew(serial: string, reissue: () => Promise<IssuedCertificate>): Promise<IssuedCertificate> {
    const { store, register, policy } = this.options;
    const node = await store.findNodeBySerial(serial);
    if (!node) await refuseOverAcme(serial, { store, register });
    const names = (await register.bySerial(serial))?.names ?? [];
    checkAllowed(
      policy,
      names.map(({ type, value }) => ({ type: type.toLowerCase(), value }) as SubjectName),
      'csr',
    );
    if (!node) return reissue();
    if (node.removingAt !== null) throw new Refused('forbidden', 'the node is being removed');
    const record = await register.bySerial(serial);
    if (!record || !saysWhatIsRegistered(record, node)) {
      throw new Refused(
        'forbidden',
        'the node was registered anew, with other names: enrol it with its new seed',
      );
    }
    const issued = await reissue();
    const { notAfter } = parseLeaf(issued.chain);
    if (await store.recordNodeCertificate(node.id, { serial: issued.serial, notAfter })) return issued;
    return this.revokeUnwanted(issued.serial);
  }

  /** For a certificate that came when its node was not registered any more. @throws Refused always */
  async revokeUnwanted(serial: string): Promise<never> {
    await this.#revoke(serial);
    throw new Refused('forbidden', 'the node was removed or registered anew meanwhile');
  }
}

function saysWhatIsRegistered(record: Pick<CertificateDetails, 'profile' | 'names'>, node: Node): boolean {
  const keys = (names: readonly { type: string; value: string }[]) =>
    names.map(({ type, value }) => nameKey({ type: type.toLowerCase(), value })).sort();
  return record.profile === node.profile && keys(record.names).join() === keys(node.names).join();
}
