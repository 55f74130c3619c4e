import type { MadeAnew } from './anew.js';
import type { KeyPlaces } from './signing-key.js';

export interface InitOptions {
  /** The CA's own folder. */
  dataDir: string;
  /** Organisation in the names of the CA certificates. */
  company: string;
  keyType: 'ec' | 'rsa';
  /** Encrypts keys at rest; null: only the file system protects them. */
  passphrase: string | null;
  /** An existing CA to import. */
  imported: {
    keyFile: string;
    certFile: string;
    passphrase: string | null;
    /** The imported CA continues to issue itself, without an issuing certificate below it: one CRL has old and new certificates. */
    issuesItself?: boolean;
  } | null;
  /** Base of the plain-HTTP URLs of the root's CRL and certificate; null: the issuer has no such URLs. */
  publicUrl?: string | null;
  /** Where new keys are made; in files by default. */
  places?: KeyPlaces;
  /** The names that the issuer may certify (`permitOnly`); empty: every name. */
  permit?: readonly string[];
  /** True when the root is constrained to these names too. */
  permitOnRoot?: boolean;
  /** Registration seed to use instead of a random one. */
  seed: string | null;
  clock: () => number;
  /** True when the CA's database shows that the folder was completed once. */
  existed?: boolean;
  /** Parts of an existing CA to make again. */
  anew?: readonly MadeAnew[];
  /** Called with a sentence for each repair. */
  warn?: (sentence: string) => void;
}
