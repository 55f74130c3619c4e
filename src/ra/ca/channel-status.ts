import { serialFromHex } from '../../channel/serial.js';
import type { OperationsTasks } from '../../channel/tasks/index.js';
import type { TaskClient } from '../../channel/typed-client.js';
import type { CertificateStatus, OcspAnswer, StatusAnswer } from '../../model/ca-status.js';
import { toPem } from '../../x509/pem.js';
import { told } from './channel-errors.js';

/** The CA's knowledge of its certificates, behind the channel. */
export class ChannelStatus implements CertificateStatus {
  constructor(private readonly client: Pick<TaskClient<OperationsTasks>, 'call'>) {}

  async check(asked: { certificate: Uint8Array } | { serial: string }): Promise<StatusAnswer> {
    const params =
      'serial' in asked
        ? { serial: serialFromHex(asked.serial) }
        : { cert: toPem('CERTIFICATE', asked.certificate) };
    const { status, serial, cn, revoke_reason, revoke_date } = await told(
      this.client.call('ocsp_check', params),
    );
    return { status, serial, cn, reason: revoke_reason ?? null, revokedAt: revoke_date ?? null };
  }

  async ocsp(request: Uint8Array): Promise<OcspAnswer> {
    const { response, this_update, next_update } = await told(
      this.client.call('ocsp_respond', { request: Buffer.from(request).toString('base64') }),
    );
    const fresh =
      this_update === undefined || next_update === undefined
        ? null
        : { thisUpdate: this_update, nextUpdate: next_update };
    return { response: Buffer.from(response, 'base64'), fresh };
  }
}
