import type { RaKeeping } from '../../ra/retention.js';
import type { RaStore } from '../../store/index.js';
import { AuditCutter } from '../audit/cut.js';
import { raSigner } from '../audit/signers.js';
import type { ProgramSettings } from '../settings.js';
import type { RaTls } from './tls.js';

/** The retention of the RA's records by its settings, of which 0 means for ever. @param roots PEM of the RA's roots */
export function keepingOf(
  { keepCertificates, unusedAccountLifetime, keepAudit }: ProgramSettings,
  { store, tls, roots }: { store: RaStore; tls: Pick<RaTls, 'material'>; roots: string },
): RaKeeping {
  const cutter = new AuditCutter({
    trail: store,
    program: 'ra',
    signer: () => {
      const { key, cert } = tls.material();
      return raSigner(key, cert, roots);
    },
    clock: Date.now,
  });
  return {
    certificates: keepCertificates || null,
    unusedAccounts: unusedAccountLifetime || null,
    audit: keepAudit === 0 ? null : (now) => cutter.step(now - keepAudit),
  };
}
