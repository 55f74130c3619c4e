export { openForCheck } from './check.js';
export type { Actor, AuditPosition, AuditRecord } from './contract/audit.js';
export type { CertificateRecord } from './contract/ca/certificates.js';
export type { CaStore } from './contract/ca.js';
export type { CheckedStore, StoredCertificate } from './contract/check.js';
export { StoreConflict, StoreRefused, StoreTooNew, StoreUnavailable } from './contract/errors.js';
export { isShared, pathOf, shownLocation } from './contract/location.js';
export type { OpenOptions } from './contract/open.js';
export type { RaStore } from './contract/ra.js';
export {
  DATABASE_PATIENCE,
  openAudit,
  openCaStore,
  openRaStore,
} from './open.js';
export { rememberRecent } from './recent.js';
export { markRestored } from './restored.js';
export { verifyAudit } from './rows/audit-chain.js';
