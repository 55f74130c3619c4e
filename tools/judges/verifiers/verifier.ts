import type { Material, Subject } from './material.js';

/** What a program says of a chain. `unknown`: it cannot tell whether all of it is good, and therefore refuses it. */
export type Verdict = 'good' | 'revoked' | 'expired' | 'unknown';

/** A program that verifies certificates as its users set it up. */
export interface Verifier {
  name: string;
  /** Whose revocation it asks for: the leaf's alone, or every certificate's below the root. */
  depth: 'leaf' | 'chain';
  /** Reads CRLs from a file, and refuses what it finds no CRL for. */
  needsEveryCrl?: true;
  open(material: Material): Promise<Opened>;
}

export interface Opened {
  /** @throws when what it says is none of the verdicts */
  judge(subject: Subject): Promise<Verdict>;
  close?(): Promise<void>;
}

/** Reads a verdict out of what a program says, alert or message. @throws when it says none */
export function verdictIn(said: string): Verdict {
  if (/revoked/i.test(said)) return 'revoked';
  if (/expired/i.test(said)) return 'expired';
  if (/unable to get certificate CRL|unknown[_ ]ca/i.test(said)) return 'unknown';
  throw new Error(said.trim().slice(-600));
}
