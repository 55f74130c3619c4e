import { pages } from '../../lib/pages.js';
import type { CertificateAuthority } from '../../model/ca.js';
import type { AccountAndUse, Node } from '../../model/facts.js';
import { Refused } from '../../model/refusal.js';
import type { RaStore } from '../../store/contract/ra.js';
import type { SubjectName } from '../../x509/certificate-names.js';
import { Ids } from '../ids.js';
import type { NamePolicy } from '../name-policy.js';
import { noSuchNode, requireNode } from './find-node.js';
import type { NodeKeys } from './keys.js';
import type { NodeCertificates } from './node-certificates.js';
import { certificateName, checkAllowed, nodeProfile } from './node-names.js';
import {
  type NodeChange,
  type NodeEvents,
  type NodeRules,
  type Registered,
  type Registration,
  readNames,
} from './registration.js';
import { newSeed, seedHash } from './seeds.js';

export interface NodeOptions {
  store: RaStore;
  ca: Pick<
    CertificateAuthority,
    'revoke' | 'revokeShown' | 'enroll' | 'profile' | 'bySerial' | 'bySerials' | 'list' | 'search'
  >;
  policy: NamePolicy;
  keys: NodeKeys;
  certificates: NodeCertificates;
  /** Called when accounts bound to nodes were ended in the store. */
  onAccountsEnded(): void;
  /** How long a seed can be used, in ms. */
  seedLifetime: number;
  events: NodeEvents;
  clock(): number;
  random(bytes: number): Buffer;
}

/** Accounts and serials shown of a node, and certificates in one request to the CA. */
const PAGE = 100;

/** The nodes that administrators register: machines that get certificates only for their registered names. */
export class Nodes {
  readonly #ids: Ids;

  constructor(private readonly options: NodeOptions) {
    this.#ids = new Ids(options.random);
  }

  /** Registers a node with a new seed, which only the answer contains. @throws Refused, CaUnavailable */
  async register(request: Registration): Promise<Registered> {
    const { store, ca, policy, events, clock, random, seedLifetime } = this.options;
    const profile = await nodeProfile(ca, request.profile);
    const { cn, names } = readNames(profile, request);
    checkAllowed(policy, names, 'sans');
    this.#requireWaivable(request, names);
    const now = clock();
    const seed = newSeed(random);
    const expiresAt = request.expiresAt ?? null;
    if (expiresAt !== null && expiresAt <= now)
      throw new Refused('invalidRequest', 'is in the past', { field: 'expires_at' });
    const { hmac, key } = await this.options.keys.make({ once: request.once ?? false, expiresAt });
    const before = request.replace ? await store.getNode(cn) : null;
    const wanted: Node = {
      id: this.#ids.next(now),
      cn,
      names,
      profile: profile.name,
      registeredAt: now,
      registeredBy: request.by,
      removingAt: null,
      patterns: request.patterns ?? [],
      challengesWaived: request.waiveChallenges ?? false,
      key,
      enrolment: {
        id: this.#ids.next(now),
        seedHash: seedHash(seed),
        expiresAt: expiresAt === null ? now + seedLifetime : expiresAt,
        claimedAt: null,
        key: null,
        serial: null,
      },
    };
    const node = await this.#store(wanted, request.replace);
    if (before) this.options.onAccountsEnded();
    events.registered({ cn: node.cn, profile: node.profile, by: request.by });
    const { revoked, stillGood } = await this.#formerCertificates(before && node, request.revoke ?? false);
    return { node, seed, hmac, revoked, stillGood, certificateCn: certificateName(profile, node) };
  }

  /** Revokes or counts the certificates of the machine that had the name before. */
  async #formerCertificates(
    node: Node | null,
    revoke: boolean,
  ): Promise<{ revoked: string[]; stillGood: number }> {
    const { store, clock } = this.options;
    if (!node) return { revoked: [], stillGood: 0 };
    const { serials } = await store.findNodeIssuances(node.id, clock());
    const revoked: string[] = [];
    if (revoke)
      for (const serial of serials) if (await this.options.certificates.revoke(serial)) revoked.push(serial);
    return { revoked, stillGood: revoke ? 0 : serials.length };
  }

  #requireWaivable({ waiveChallenges, patterns = [] }: NodeRules, names: readonly SubjectName[]): void {
    if (!waiveChallenges) return;
    if (patterns.length > 0) {
      throw new Refused(
        'invalidRequest',
        `challenges are waived for explicit names only, and ${patterns[0]} stands for many`,
        { field: 'waive_challenges' },
      );
    }
    if (names.length === 0)
      throw new Refused('invalidRequest', 'there is no name to waive challenges for', {
        field: 'waive_challenges',
      });
  }

  /** The node, by its name in any case. @throws Refused */
  async show(name: string): Promise<{ node: Node; accounts: AccountAndUse[]; serials: string[] }> {
    const { store } = this.options;
    const node = await requireNode(store, name, 'cn');
    const accounts = await store.listAccounts({ after: null, limit: PAGE, nodeId: node.id });
    return { node, accounts, serials: await store.listNodeSerials(node.id, PAGE) };
  }

  /**
   * Changes a node's names and rules, from the next order on, on every RA. With `newKey` it gets another key, and
   * the old key binds no more accounts. Certificates stay valid.
   * @throws Refused, CaUnavailable
   */
  async change(name: string, change: NodeChange): Promise<{ node: Node; hmac: string | null }> {
    const { store, ca, policy, keys, clock } = this.options;
    const old = await requireNode(store, name, 'cn');
    const profile = await nodeProfile(ca, change.profile ?? old.profile);
    const { cn } = old;
    const sans = change.sans ?? old.names;
    const patterns = change.patterns ?? old.patterns;
    const label = !old.names.some(({ value }) => value === cn);
    const { names } = readNames(profile, { cn, sans, patterns, label });
    checkAllowed(policy, names, 'sans');
    const challengesWaived = change.waiveChallenges ?? old.challengesWaived;
    this.#requireWaivable({ waiveChallenges: challengesWaived, patterns }, names);
    const rules = {
      once: change.once ?? old.key?.once ?? false,
      expiresAt: change.expiresAt === undefined ? (old.key?.expiresAt ?? null) : change.expiresAt,
    };
    const made = change.newKey ? await keys.make(rules) : null;
    const key = made?.key ?? (old.key && { ...old.key, ...rules });
    const wanted = { ...old, names, patterns, profile: profile.name, challengesWaived, key };
    const node = await store.changeNode(wanted, clock());
    if (!node)
      throw new Refused('conflict', `"${cn}" was removed or registered anew meanwhile`, { field: 'cn' });
    return { node, hmac: made?.hmac ?? null };
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
        : `"${wanted.cn}" is registered already: "replace" (upki node add --replace) registers it anew`,
      { field: 'cn' },
    );
  }

  /** Ordered by name; `next` is the cursor of the next page. */
  async list(after: string | null, limit: number): Promise<{ nodes: Node[]; next: string | null }> {
    const found = await this.options.store.listNodes({ after, limit: limit + 1 });
    const nodes = found.slice(0, limit);
    return { nodes, next: found.length > limit ? (nodes.at(-1)?.cn ?? null) : null };
  }

  /**
   * Removes a node: its seed and certificates stop working, its certificates are revoked
   * (cessationOfOperation), it is deleted. A removal that failed halfway is completed by repeating it.
   * @throws Refused, CaUnavailable
   */
  async remove(name: string, by: string): Promise<{ node: Node; revoked: string[] }> {
    const { store, clock, events } = this.options;
    const node =
      (await store.beginNodeRemoval(name, clock())) ??
      (await store.beginNodeRemoval(name.toLowerCase(), clock()));
    if (!node) throw noSuchNode(name, 'cn');
    this.options.onAccountsEnded();
    const { serials, unfinished } = await store.findNodeIssuances(node.id, clock());
    const revoked: string[] = [];
    for (const serial of new Set([...serials, ...(await this.#goodCertificates(node))])) {
      if (await this.options.certificates.revoke(serial)) revoked.push(serial);
    }
    if (unfinished)
      throw new Refused('unavailable', 'an order of the node is being finalized: repeat the removal');
    await store.removeNode(node.id);
    events.removed({ cn: node.cn, by, revoked });
    return { node, revoked };
  }

  /** Finds good certificates in the CA's records. A crash may have lost the RA's record of an issuance. */
  async #goodCertificates({ cn, profile }: Node): Promise<string[]> {
    const { ca } = this.options;
    const serials: string[] = [];
    for await (const { certificates } of pages((after) =>
      ca.list({ after, limit: PAGE, cn, state: 'good' }),
    )) {
      for (const each of certificates) if (each.profile === profile) serials.push(each.serial);
    }
    return serials;
  }
}
