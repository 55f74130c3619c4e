import type { OperationsTasks } from '../../channel/tasks/index.js';
import type { TaskClient } from '../../channel/typed-client.js';
import type { CaFigures, CaWatch, LateCertificate } from '../../model/ca-figures.js';
import { told } from './channel-errors.js';

/** The CA's figures behind the channel. */
export class ChannelWatch implements CaWatch {
  constructor(private readonly client: Pick<TaskClient<OperationsTasks>, 'call'>) {}

  async figures(): Promise<CaFigures> {
    const wire = await told(this.client.call('get_figures', {}));
    return {
      certificates: wire.certificates,
      notRenewed: wire.not_renewed,
      authorities: wire.authorities.map(({ id, kind, dn, not_before, not_after, in_use }) => ({
        ...{ id, kind, dn, notBefore: not_before, notAfter: not_after, inUse: in_use },
      })),
      crls: wire.crls.map(({ issuer, number, this_update, next_update }) => ({
        ...{ issuer, number, thisUpdate: this_update, nextUpdate: next_update },
      })),
      auditRecords: wire.audit.records,
      auditFault: wire.audit.fault ?? null,
      databaseMs: wire.database_ms,
      diskFree: wire.disk_free ?? null,
      startedAt: wire.started_at,
    };
  }

  async notRenewed(after: string | null, limit: number) {
    const params = { limit, ...(after !== null && { after }) };
    const { certificates, next } = await told(this.client.call('list_not_renewed', params));
    const items = certificates.map(
      ({ serial, cn, profile, account_id, names, not_before, not_after }): LateCertificate => ({
        ...{ serial, cn, profile, names, accountId: account_id ?? null },
        ...{ notBefore: not_before, notAfter: not_after },
      }),
    );
    return { items, next };
  }

  async administrators() {
    const entries = await told(this.client.call('list_administrators', {}));
    return entries.map(({ dn, role, added_at }) => ({ dn, role, addedAt: added_at }));
  }
}
