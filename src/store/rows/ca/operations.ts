import type { AuditOperations } from '../audit.js';
import type { SettingsOperations } from '../settings.js';
import type { AuthorityOperations } from './authorities.js';
import type { CertificateOperations } from './certificates.js';
import type { CrlOperations } from './crl.js';
import type { DocumentOperations } from './documents.js';
import type { FigureOperations } from './figures.js';
import type { PurgeOperations } from './purge.js';
import type { RegistryOperations } from './registry.js';

/** Every row operation of the CA, each one atomic step: what SQLite and PostgreSQL both carry out. */
export interface CaOperations
  extends AuthorityOperations,
    CertificateOperations,
    CrlOperations,
    RegistryOperations,
    DocumentOperations,
    PurgeOperations,
    AuditOperations,
    FigureOperations,
    SettingsOperations {}
