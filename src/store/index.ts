export { verifyAudit } from './audit-chain.js';
export type { Actor, AuditPosition, AuditRecord } from './contract/audit.js';
export type { CaStore, CertificateRecord } from './contract/ca.js';
export { StoreConflict, StoreTooNew, StoreUnavailable } from './contract/errors.js';
export type { RaStore } from './contract/ra.js';
export {
  DATABASE_PATIENCE,
  isShared,
  type OpenOptions,
  openAudit,
  openCaStore,
  openRaStore,
} from './open.js';
export { rememberRecent } from './recent.js';
