import type { Node } from '../../model/facts.js';
import { calledName, type SubjectName } from '../../x509/certificate-names.js';
import { type NodeProfile, nodeNames } from './node-names.js';

/** Rules of a node beside its names and profile. */
export interface NodeRules {
  /** `*.` and a domain, or a network: what it may order over ACME besides its names. */
  patterns?: readonly string[];
  /** An account bound to it proves its names by being bound. */
  waiveChallenges?: boolean;
  /** Its key binds one account. */
  once?: boolean;
  /** Until when its key binds accounts and its seed can be used; null: the key always, the seed as long as seeds can be. */
  expiresAt?: number | null;
}

/** A node as it was registered, with what is shown once. */
export interface Registered {
  node: Node;
  seed: string;
  /** base64url. */
  hmac: string;
  /** Serials that the machine registered before under this name had, revoked now. */
  revoked: string[];
  /** How many such certificates are still good. */
  stillGood: number;
  /** What its certificate will be called. */
  certificateCn: string;
}

export interface Registration extends NodeRules {
  cn: string;
  sans: readonly { type: string; value: string }[];
  profile: string;
  /** Registers a name anew that is registered: what it was registered for, its seed, its key and accounts bound by it end. */
  replace: boolean;
  /** The name is the node's own and need not be one of its certificates'. */
  label?: boolean;
  /** With `replace`: revokes (cessationOfOperation) the certificates it had. */
  revoke?: boolean;
  /** DN of the administrator. */
  by: string;
}

/** What changes; what is left out stays. */
export interface NodeChange extends NodeRules {
  sans?: readonly { type: string; value: string }[];
  profile?: string;
  newKey?: boolean;
}

/**
 * The name of a node and the names of its certificates. Where names are written, the node may be called something that is no name of
 * it; a TLS server's certificate is then called by its first name. @throws Refused
 */
export function readNames(
  profile: NodeProfile,
  { cn, sans, patterns = [], label = false }: Pick<Registration, 'cn' | 'sans' | 'patterns' | 'label'>,
): { cn: string; names: SubjectName[] } {
  const host = sans.find(({ type }) => /^(dns|ip)$/i.test(type));
  const called = cn.trim().toLowerCase();
  const isLabel =
    /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(called) && (host !== undefined || patterns.length > 0);
  if (label && isLabel && profile.extendedKeyUsage.includes('serverAuth')) {
    const listed = sans.some(({ value }) => value.toLowerCase() === called);
    if (!listed) return { cn: called, names: host ? nodeNames(profile, host.value, sans).names : [] };
  }
  const read = nodeNames(profile, cn, sans);
  return { cn: calledName(read), names: read.names };
}

/** What happened, for logs; never holds a seed. */
export interface NodeEvents {
  registered(event: { cn: string; profile: string; by: string }): void;
  enrolled(event: { cn: string; serial: string; profile: string }): void;
  removed(event: { cn: string; by: string; revoked: string[] }): void;
}
