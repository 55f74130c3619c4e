import type { OperationsTasks } from '../../channel/tasks/index.js';
import type { TaskClient } from '../../channel/typed-client.js';
import type { CaAdministration, CaOffer } from './administration.js';
import { told } from './channel-errors.js';

/** The CA's administration behind the channel. */
export class ChannelAdministration implements CaAdministration {
  constructor(private readonly client: Pick<TaskClient<OperationsTasks>, 'call'>) {}

  admins(): Promise<string[]> {
    return told(this.client.call('list_admins', {}));
  }

  async addAdmin(dn: string): Promise<void> {
    await told(this.client.call('add_admin', { dn }));
  }

  async removeAdmin(dn: string): Promise<void> {
    await told(this.client.call('remove_admin', { dn }));
  }

  async generateCrl(): Promise<Uint8Array> {
    return Buffer.from(await told(this.client.call('generate_crl', {})), 'base64');
  }

  offer(): Promise<CaOffer> {
    return told(this.client.call('get_options', {}));
  }
}
