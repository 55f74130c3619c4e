import type { ChannelClient } from '../channel/client.js';
import { type OperationsTasks, operations, type ParamsIn, type Result } from '../channel/tasks/index.js';
import { TaskClient } from '../channel/typed-client.js';
import { CaLacksTask } from '../model/ca.js';
import { inRaWords } from '../ra/ca/errors.js';
import type { CaDialect } from './ca-dialect.js';
import type { PythonTasks } from './python-tasks.js';

/**
 * All operations tasks, for the RA's functions besides ACME. A task that the CA does not have fails with CaLacksTask, so that
 * callers need not know which kind of CA answers.
 */
export class CaTasks extends TaskClient<OperationsTasks> {
  /** @param python null in curve mode, which a Python CA does not support */
  constructor(
    channel: Pick<ChannelClient, 'request'>,
    private readonly python: { dialect: CaDialect; tasks: PythonTasks } | null,
  ) {
    super(operations, channel);
  }

  /** @throws ChannelRefused, ChannelUnavailable, CaLacksTask; CaUnavailable until the kind of CA is known */
  override async call<Name extends keyof OperationsTasks & string>(
    name: Name,
    params: ParamsIn<OperationsTasks[Name]>,
    timeout?: number,
  ): Promise<Result<OperationsTasks[Name]>> {
    let sent = params;
    if (this.python !== null && (await this.python.dialect.get()) === 'python') {
      const { tasks } = this.python;
      const given = params as Record<string, unknown>;
      if (name === 'renew') throw new CaLacksTask(name, 'on the Python CA it always fails');
      if (name === 'view')
        return (await tasks.view(given as { dn: string })) as Result<OperationsTasks[Name]>;
      if (name === 'ocsp_check') return (await tasks.ocspCheck(given)) as Result<OperationsTasks[Name]>;
      sent = (await tasks.translate(name, given)) as typeof params;
    }
    try {
      return await super.call(name, sent, timeout);
    } catch (error) {
      const told = inRaWords(error);
      throw told instanceof CaLacksTask ? told : error;
    }
  }
}
