import { serialFromHex } from '../../channel/serial.js';
import type { OperationsTasks } from '../../channel/tasks/index.js';
import type { TaskClient } from '../../channel/typed-client.js';
import type { AdminRole } from '../../model/administrators.js';
import { CaLacksTask } from '../../model/ca.js';
import type { CaAdministration, CaAuthority, CaOffer } from './administration.js';
import { told } from './channel-errors.js';

/** The CA's administration behind the channel. */
export class ChannelAdministration implements CaAdministration {
  constructor(private readonly client: Pick<TaskClient<OperationsTasks>, 'call'>) {}

  async admins(): Promise<{ dn: string; role: AdminRole }[]> {
    try {
      const entries = await told(this.client.call('list_administrators', {}));
      return entries.map(({ dn, role }) => ({ dn, role }));
    } catch (error) {
      if (!(error instanceof CaLacksTask)) throw error;
      // The Python CA has a list of names.
      return (await told(this.client.call('list_admins', {}))).map((dn) => ({ dn, role: 'admin' }));
    }
  }

  async addAdmin(dn: string, role: AdminRole, by: string): Promise<void> {
    await told(this.client.call('add_admin', { dn, role, by }));
  }

  async removeAdmin(dn: string, by: string): Promise<void> {
    await told(this.client.call('remove_admin', { dn, by }));
  }

  async generateCrl(): Promise<Uint8Array> {
    return Buffer.from(await told(this.client.call('generate_crl', {})), 'base64');
  }

  async endHold(serial: string): Promise<void> {
    await told(this.client.call('unrevoke', { dn: serialFromHex(serial) }));
  }

  async authorities(): Promise<CaAuthority[]> {
    return (await told(this.client.call('get_authorities', {}))).authorities;
  }

  offer(): Promise<CaOffer> {
    return told(this.client.call('get_options', {}));
  }
}
