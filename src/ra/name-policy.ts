import { BlockList, isIPv6 } from 'node:net';
import type { Identifier } from '../model/facts.js';
import { forIdentifiers, Problem } from '../model/problem.js';
import { embeddedIpv4, spelledIpv4 } from '../x509/embedded-ipv4.js';
import type { SubjectName } from '../x509/general-names.js';
import { constraintsText, isPermitted, namesForbidden } from '../x509/name-constraints.js';
import type { Policy } from './policy.js';

/** Length in bits of the prefix of an IPv6 address that contains an IPv4 address. */
const SPELLING_PREFIX = 96;

/** A list of names with their subdomains, and of addresses and networks (CIDR) in any spelling. */
export class NameList {
  readonly #names = new Set<string>();
  /** The parent domains of the names in the list. */
  readonly #parents = new Set<string>();
  readonly #addresses = new BlockList();

  /** @throws Error naming the entry that is neither a name, an address nor a CIDR. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry.toLowerCase());
  }

  #add(entry: string): void {
    const cidr = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry);
    if (cidr?.[1] && cidr[2]) {
      this.#addSubnet(cidr[1], Number(cidr[2]));
    } else if (/^[\d.]+$|:/.test(entry)) {
      this.#addSubnet(entry, isIPv6(entry) ? 128 : 32);
    } else if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(entry)) {
      this.#names.add(entry);
      this.#parents.add(parentOf(entry));
    } else {
      throw new Error(`"${entry}" is neither a DNS name, an IP address nor a CIDR`);
    }
  }

  #addSubnet(address: string, prefix: number): void {
    this.#addresses.addSubnet(address, prefix, family(address));
    if (prefix < SPELLING_PREFIX) return;
    for (const ipv4 of spelledIpv4(address))
      this.#addresses.addSubnet(ipv4, prefix - SPELLING_PREFIX, 'ipv4');
  }

  /** Whether the list has every name that a certificate for the identifier is valid for: with a wildcard, every name it matches. */
  covers({ type, value }: Identifier): boolean {
    if (type === 'ip') return [value, ...spelledIpv4(value)].some((address) => this.#hasAddress(address));
    return this.#hasName(value.replace(/^\*\./, ''));
  }

  /** Whether the list has any name that a certificate for the identifier is valid for: with a wildcard, any name it matches. */
  touches(identifier: Identifier): boolean {
    const { type, value } = identifier;
    if (this.covers(identifier)) return true;
    if (type === 'ip') return embeddedIpv4(value).some((address) => this.#hasAddress(address));
    // RFC 9525 §6.3: "*" matches one label.
    return value.startsWith('*.') && this.#parents.has(value.slice(2));
  }

  #hasAddress(address: string): boolean {
    return this.#addresses.check(address, family(address));
  }

  #hasName(name: string): boolean {
    const labels = name.split('.');
    return labels.some((_, index) => this.#names.has(labels.slice(index).join('.')));
  }
}

/** The list that a rule has now: rules change while the RA runs, and the list is parsed anew then. */
export class CurrentNameList {
  #read: readonly string[] | null = null;
  #list = new NameList([]);

  /** @throws Error naming the invalid entry */
  constructor(private readonly entries: () => readonly string[]) {
    this.get();
  }

  get(): NameList {
    const entries = this.entries();
    if (entries !== this.#read) {
      this.#list = new NameList(entries);
      this.#read = entries;
    }
    return this.#list;
  }
}

function parentOf(name: string): string {
  return name.slice(name.indexOf('.') + 1 || name.length);
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}

/** The operator's lists of names, checked for every new order and authorization, and again at finalize. */
export class NamePolicy {
  readonly #allowed: CurrentNameList;
  readonly #denied: CurrentNameList;

  /** The lists in `policy` may be replaced; the next check uses the new ones. @throws Error naming the invalid entry */
  constructor(private readonly policy: Lists) {
    this.#allowed = new CurrentNameList(() => policy.allowed);
    this.#denied = new CurrentNameList(() => policy.denied);
  }

  /** @throws Problem rejectedIdentifier, with a subproblem each when several are refused (§6.7.1). */
  check(identifiers: readonly Identifier[]): void {
    const refused = identifiers.flatMap((identifier) => {
      const why = this.#whyNot(identifier);
      return why === null
        ? []
        : [new Problem('rejectedIdentifier', `"${identifier.value}" ${why}`, { identifier })];
    });
    if (refused.length > 0) throw forIdentifiers(refused);
  }

  #whyNot(identifier: Identifier): string | null {
    const { allowed, constraints: current } = this.policy;
    const isAllowed = allowed.length === 0 || this.#allowed.get().covers(identifier);
    if (!isAllowed || this.#denied.get().touches(identifier))
      return 'is not a name this authority issues for';
    const constraints = current?.() ?? [];
    if (isPermitted(identifier, constraints)) return null;
    return `is outside of what this authority may certify: ${constraintsText(constraints)}`;
  }

  /** The names of a node, of any type, that the CA's issuer may not certify. */
  forbidden(names: readonly SubjectName[]): string[] {
    return namesForbidden(names, null, this.policy.constraints?.() ?? []);
  }
}

type Lists = Pick<Policy, 'allowed' | 'denied'> & Partial<Pick<Policy, 'constraints'>>;
