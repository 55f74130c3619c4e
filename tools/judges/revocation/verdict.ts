export type Verdict = 'good' | 'revoked';

/** One program's verdict on the certificate; it throws if the response itself does not verify. */
export interface Checker {
  name: string;
  check(): Promise<Verdict>;
}
