import type { Node } from '../../model/facts.js';
import { Refused } from '../../model/refusal.js';
import { calledName, type SubjectName } from '../../x509/certificate-names.js';
import { type NodeProfile, nodeNames } from './node-names.js';

/** Settings of a node besides its names and profile. */
export interface NodeRules {
  /** Wildcards (`*.` and a domain) and networks that it may order over ACME besides its names. */
  patterns?: readonly string[];
  /** The binding of an account to it proves its names, without challenges. */
  waiveChallenges?: boolean;
  /** Its key binds one account. */
  once?: boolean;
  /** When its key and its seed expire; null: the key never expires, and the seed after the usual time. */
  expiresAt?: number | null;
}

/** A registered node, with the secrets that are shown once. */
export interface Registered {
  node: Node;
  seed: string;
  /** base64url. */
  hmac: string;
  /** Serials of the machine that had the name before, revoked now. */
  revoked: string[];
  /** The number of that machine's certificates that are still good. */
  stillGood: number;
  /** The common name its certificate will have. */
  certificateCn: string;
}

export interface Registration extends NodeRules {
  cn: string;
  sans: readonly { type: string; value: string }[];
  profile: string;
  /** Replaces a registration of the same name, whose names, seed, key and bound accounts end. */
  replace: boolean;
  /** True when the name is only a label and need not be in its certificates. */
  label?: boolean;
  /** With `replace`: also revokes its certificates (cessationOfOperation). */
  revoke?: boolean;
  /** DN of the administrator. */
  by: string;
}

/** Changes; absent members stay as they are. */
export interface NodeChange extends NodeRules {
  sans?: readonly { type: string; value: string }[];
  profile?: string;
  newKey?: boolean;
}

/** Limit of the names in a node's certificate, its own included. */
const MOST_NAMES = 100;

/**
 * The name of a node and the names of its certificates. With `label`, the node's name need not be among them; a TLS server's
 * certificate then has its first name as common name.
 * @throws Refused
 */
export function readNames(
  profile: NodeProfile,
  written: Pick<Registration, 'cn' | 'sans' | 'patterns' | 'label'>,
): { cn: string; names: SubjectName[] } {
  const read = namesOf(profile, written);
  if (read.names.length <= MOST_NAMES) return read;
  throw new Refused('invalidRequest', `are more than ${MOST_NAMES} names, with its own`, { field: 'sans' });
}

function namesOf(
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

/** Events for the log; they never contain a seed. */
export interface NodeEvents {
  registered(event: { cn: string; profile: string; by: string }): void;
  enrolled(event: { cn: string; serial: string; profile: string }): void;
  removed(event: { cn: string; by: string; revoked: string[] }): void;
}
