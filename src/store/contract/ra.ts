import type { ActivityCounts } from './activity.js';
import type { AllowanceKeeping } from './allowances.js';
import type { AuditTrail } from './audit.js';
import type { FailureKeeping } from './failures.js';
import type { Leases } from './leases.js';
import type { NoticeQueue } from './notices.js';
import type { OtherCertificates } from './other-certificates.js';
import type { Accounts } from './ra/accounts.js';
import type { Authorizations } from './ra/authorizations.js';
import type { Certificates } from './ra/certificates.js';
import type { Nodes } from './ra/nodes.js';
import type { Orders } from './ra/orders.js';
import type { RaRetention } from './ra/retention.js';
import type { Settings } from './settings.js';
import type { SharedByReplicas } from './shared.js';

/**
 * The store of the RA. Each method is one atomic step: either it happened, and is on disk before the promise
 * resolves, or it did not happen. A read sees every write that resolved before it. A method whose condition fails
 * returns false (or null) and writes nothing. Times are milliseconds since the epoch. `test/store/contract` runs
 * against every implementation.
 */
export interface RaStore
  extends Accounts,
    Orders,
    Authorizations,
    Certificates,
    Nodes,
    RaRetention,
    AuditTrail,
    NoticeQueue,
    Leases,
    AllowanceKeeping,
    OtherCertificates,
    ActivityCounts,
    FailureKeeping,
    Settings {
  /** Names that begin with the prefix, in order. */
  listSettings(prefix: string): Promise<string[]>;
  /** Compares and sets atomically: true if the setting was `before` (null: absent) and is now `value`. */
  replaceSetting(name: string, before: string | null, value: string): Promise<boolean>;

  /** The state that RAs on one store share; null for a store that only one process can use. */
  readonly shared: SharedByReplicas | null;
}
