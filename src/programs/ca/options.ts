import type { Logger } from 'pino';
import type { KeyPlaces } from '../../ca/folder/signing-key.js';
import type { CaKeeping } from './background.js';

/** Options of a serving CA. */
export interface CaOptions {
  /** The CA's folder, which must be initialised (`initCaFiles`). */
  dataDir: string;
  host: string;
  /** 5000 by contract; 0 takes a free one; null: this process does not serve operations. */
  operationsPort: number | null;
  /** 5001 by contract; 0 takes a free one; null: this process does not register. */
  registrationPort: number | null;
  mode: 'curve' | 'clear';
  /** Lets clear mode listen on addresses other machines can reach. */
  clearAny: boolean;
  /** Overrides the seed in the folder. */
  seed: string | null;
  /** `sqlite:PATH` or `postgres://…`; null: a file in the folder. */
  databaseUrl: string | null;
  /** Decrypts keys that are encrypted at rest. */
  passphrase: string | null;
  /** Where new keys are made; in files by default. */
  places?: KeyPlaces;
  /** Organisation in the subjects of profiles that have none; null: they have none. */
  company: string | null;
  /** Base of the URLs of CRL, OCSP and issuer in certificates. */
  publicUrl: string | null;
  /** Whether RAs may change the list of administrators. */
  adminsByRa: boolean;
  /** From thisUpdate to nextUpdate of CRLs, in ms. */
  crlValidity: number;
  /** From thisUpdate to nextUpdate of OCSP responses, in ms. */
  ocspValidity: number;
  /** The part of an issuer's life after which its successor is made. Default a half. */
  succeedAt?: number;
  /** Default: everything, for ever. */
  keep?: CaKeeping;
  log: Logger;
  clock?: () => number;
}

/** Half of an issuer's lifetime, so that certificates issued at its end can be valid for the other half. */
export const SUCCEED_AT = 0.5;
