import { serialFromHex } from '../../channel/serial.js';
import type { OperationsTasks } from '../../channel/tasks/index.js';
import type { TaskClient } from '../../channel/typed-client.js';
import { type AdminRole, namesAdministrator } from '../../model/administrators.js';
import { CaLacksTask } from '../../model/ca.js';
import type { CertificateDetails } from '../../model/ca-register.js';

type Call = TaskClient<OperationsTasks>['call'];

/** The administrators and their roles. A Python CA has names without roles; each then has the role `admin`. */
export async function administratorsOf(
  call: Call,
): Promise<{ dn: string; role: AdminRole; addedAt: number | null }[]> {
  try {
    const entries = await call('list_administrators', {});
    return entries.map(({ dn, role, added_at }) => ({ dn, role, addedAt: added_at }));
  } catch (error) {
    if (!(error instanceof CaLacksTask)) throw error;
    const names = await call('list_admins', {});
    return names.map((dn) => ({ dn, role: 'admin' as const, addedAt: null }));
  }
}

/** The role of a certificate's holder; null when the holder is not an administrator. */
export async function roleOf(call: Call, certificate: CertificateDetails): Promise<AdminRole | null> {
  try {
    const { role } = await call('get_admin_role', { serial: serialFromHex(certificate.serial) });
    return role === 'none' ? null : role;
  } catch (error) {
    if (!(error instanceof CaLacksTask)) throw error;
    const names = await call('list_admins', {});
    return namesAdministrator(certificate, names) ? 'admin' : null;
  }
}
