import type { IssuingCa } from '../model/ca.js';
import type { RaStore } from '../store/contract/ra.js';
import type { Validator } from '../va/types.js';
import type { AuditLog } from './audit-log.js';
import type { RaEvents } from './events.js';
import type { Limits } from './limits/limits.js';
import type { Policy } from './policy.js';
import type { RaKeeping } from './retention.js';

/** The dependencies of the registration authority. */
export interface RegistrationAuthorityOptions {
  store: RaStore;
  ca: IssuingCa;
  validator: Validator;
  policy: Policy;
  /** Whether a key, by its fingerprint, is on the operator's list or was reported as compromised. */
  isCompromised?(spkiFingerprint: string): boolean;
  /** Resolves when `isCompromised` knows the keys that other RAs of the store reported; absent without other RAs. */
  knowCompromised?(): Promise<void>;
  /** Lower-case names in the RA's own certificate. */
  ownNames(): readonly string[];
  /** Every absolute URL that an account has or had, the current one first. @throws StoreUnavailable */
  accountUrls(accountId: string): Promise<readonly string[]>;
  /** True when no other RA shares the store. */
  soleRunner: boolean;
  events: RaEvents;
  audit: AuditLog;
  limits: Limits;
  keep: RaKeeping;
  clock(): number;
  random(bytes: number): Buffer;
}
