export type { Actor, AuditPosition, AuditRecord } from './audit.js';
export { verifyAudit } from './audit-chain.js';
export type { CaStore, CertificateRecord } from './ca-store.js';
export { StoreConflict, StoreTooNew, StoreUnavailable } from './errors.js';
export {
  DATABASE_PATIENCE,
  isShared,
  type OpenOptions,
  openAudit,
  openCaStore,
  openRaStore,
} from './open.js';
export type { RaStore } from './ra-store.js';
export { rememberRecent } from './recent.js';
