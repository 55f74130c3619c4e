import { serialFromHex } from '../../channel/serial.js';
import type { OperationsTasks, Result } from '../../channel/tasks/index.js';
import type { TaskClient } from '../../channel/typed-client.js';
import { type AdminRole, namesAdministrator } from '../../model/administrators.js';
import { CaLacksTask, CaRefused } from '../../model/ca.js';
import type {
  CertificateDetails,
  CertificatePage,
  CertificateRegister,
  CertificateSearch,
  FoundCertificate,
} from '../../model/ca-register.js';
import { told } from './channel-errors.js';

/** The CA's register behind the channel. */
export class ChannelRegister implements CertificateRegister {
  constructor(private readonly client: Pick<TaskClient<OperationsTasks>, 'call'>) {}

  async bySerial(serial: string): Promise<CertificateDetails | null> {
    const found = await unlessUnknown(this.client.call('view', { dn: serialFromHex(serial) }));
    return found && detailsOf(found);
  }

  async byCommonName(cn: string, limit: number): Promise<CertificateDetails[]> {
    return (await told(this.client.call('certificate_history', { cn, limit }))).map(detailsOf);
  }

  async list({ after, limit, state, cn, expiresBefore }: CertificatePage) {
    const { certificates, next } = await told(
      this.client.call('list_certificates', {
        limit,
        ...(after === null ? {} : { after }),
        ...(state === undefined ? {} : { state }),
        ...(cn === undefined ? {} : { cn }),
        ...(expiresBefore === undefined ? {} : { expires_before: new Date(expiresBefore).toISOString() }),
      }),
    );
    return { certificates: certificates.map(detailsOf), next };
  }

  async search({ after, limit, expiresBefore, expiresAfter, notRenewed, ...conditions }: CertificateSearch) {
    const { certificates, next } = await told(
      this.client.call('search_certificates', {
        limit,
        ...conditions,
        ...(after === null ? {} : { after }),
        ...(expiresBefore === undefined ? {} : { expires_before: new Date(expiresBefore).toISOString() }),
        ...(expiresAfter === undefined ? {} : { expires_after: new Date(expiresAfter).toISOString() }),
        ...(notRenewed === undefined ? {} : { not_renewed: notRenewed }),
      }),
    );
    return { certificates: certificates.map(foundOf), next };
  }

  async bySerials(serials: readonly string[]): Promise<FoundCertificate[]> {
    const { certificates } = await told(
      this.client.call('search_certificates', { serials: serials.map(serialFromHex) }),
    );
    return certificates.map(foundOf);
  }

  profileNames(): Promise<string[]> {
    return told(this.client.call('list_profiles', {}));
  }

  profile(name: string): Promise<Record<string, unknown> | null> {
    return unlessUnknown(this.client.call('get_profile', { profile: name }));
  }

  async roleOf(certificate: CertificateDetails): Promise<AdminRole | null> {
    try {
      const serial = serialFromHex(certificate.serial);
      const { role } = await told(this.client.call('get_admin_role', { serial }));
      return role === 'none' ? null : role;
    } catch (error) {
      if (!(error instanceof CaLacksTask)) throw error;
      // The Python CA knows administrators by their names, and no roles.
      const admins = await told(this.client.call('list_admins', {}));
      return namesAdministrator(certificate, admins) ? 'admin' : null;
    }
  }
}

async function unlessUnknown<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await told(answer);
  } catch (error) {
    if (error instanceof CaRefused && error.kind === 'notFound') return null;
    throw error;
  }
}

function foundOf(
  wire: Result<OperationsTasks['search_certificates']>['certificates'][number],
): FoundCertificate {
  const { issued_at: issuedAt, order_id: orderId = null, account_id: accountId = null } = wire;
  return { ...detailsOf(wire), issuedAt, orderId, accountId };
}

function detailsOf(wire: Result<OperationsTasks['view']>): CertificateDetails {
  const { serial, dn, cn, profile } = wire;
  return {
    serial,
    dn,
    cn,
    profile,
    state: wire.status,
    notBefore: wire.not_before,
    notAfter: wire.not_after,
    names: wire.sans,
    certificate: wire.certificate,
    revokedAt: wire.revoke_date ?? null,
    reason: wire.revoke_reason ?? null,
  };
}
