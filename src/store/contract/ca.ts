import type { AuditTrail } from './audit.js';
import type { Authorities } from './ca/authorities.js';
import type { CertificateRecords } from './ca/certificates.js';
import type { Crls } from './ca/crls.js';
import type { Documents } from './ca/documents.js';
import type { CaCounts } from './ca/figures.js';
import type { Registry } from './ca/registry.js';
import type { CaRetention } from './ca/retention.js';
import type { Leases } from './leases.js';
import type { Settings } from './settings.js';

export type { AuthorityRecord } from './ca/authorities.js';
export type { CertificateFilter, CertificateRecord } from './ca/certificates.js';
export type { ChangedEntry, CrlHead, StoredCrl } from './ca/crls.js';
export type { DocumentKind } from './ca/documents.js';
export type { AdministratorRecord, NodeRecord, PeerRecord, PeerRole } from './ca/registry.js';

/**
 * The store of the CA. Each method is one atomic step: either it happened, and is on disk before the promise
 * resolves, or it did not happen. A read sees every write that resolved before it. Rejects with StoreUnavailable (see
 * errors.ts) when nothing could be stored. `test/store/contract` runs against every implementation.
 *
 * A change of the holder of a good certificate, or of a user of the CA, appends to the audit log in the same step:
 * both are stored, or neither. `by` is the actor; the default is the program itself.
 */
export interface CaStore
  extends CertificateRecords,
    Authorities,
    Crls,
    Registry,
    Documents,
    AuditTrail,
    CaCounts,
    CaRetention,
    Leases,
    Settings {}
