import { z } from 'zod';
import type { ChannelClient } from './client.js';
import { ChannelUnavailable } from './errors.js';
import type { ParamsIn, Result, Tasks } from './tasks/index.js';

/** Typed calls of the tasks of a port. Results are checked, and serials are returned in hex. */
export class TaskClient<T extends Tasks> {
  constructor(
    private readonly tasks: T,
    private readonly channel: Pick<ChannelClient, 'request'>,
  ) {}

  /** @throws ChannelRefused when the CA refuses, ChannelUnavailable without a (readable) answer */
  async call<Name extends keyof T & string>(
    name: Name,
    params: ParamsIn<T[Name]>,
    timeout?: number,
  ): Promise<Result<T[Name]>> {
    const data = await this.channel.request(name, params, timeout);
    const result = z.safeDecode(this.tasks[name]?.result ?? z.never(), data);
    if (!result.success)
      throw new ChannelUnavailable(`unexpected answer to ${name}: ${result.error.message}`);
    return result.data as Result<T[Name]>;
  }
}
