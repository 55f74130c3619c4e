import type { Material, Subject } from './material.js';

/** A program's verdict on a chain. `unknown`: it cannot determine whether all of it is good, and refuses it. */
export type Verdict = 'good' | 'revoked' | 'expired' | 'unknown';

/** A program that verifies certificates, configured as its users do. */
export interface Verifier {
  name: string;
  /** The certificates whose revocation it checks: only the leaf, or all below the root. */
  depth: 'leaf' | 'chain';
  /** Reads CRLs from a file, and refuses certificates without a CRL. */
  needsEveryCrl?: true;
  open(material: Material): Promise<Opened>;
}

export interface Opened {
  /** @throws Error if its output is not one of the verdicts */
  judge(subject: Subject): Promise<Verdict>;
  close?(): Promise<void>;
}

/** Reads a verdict from a program's output, an alert or a message. @throws Error if there is none */
export function verdictIn(said: string): Verdict {
  if (/revoked/i.test(said)) return 'revoked';
  if (/expired/i.test(said)) return 'expired';
  if (/unable to get certificate CRL|unknown[_ ]ca/i.test(said)) return 'unknown';
  throw new Error(said.trim().slice(-600));
}
