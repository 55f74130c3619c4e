export type Verdict = 'good' | 'revoked';

/** What one program says of the certificate; it throws when the answer itself does not verify. */
export interface Checker {
  name: string;
  check(): Promise<Verdict>;
}
