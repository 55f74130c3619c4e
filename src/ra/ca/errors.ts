import { ChannelRefused, ChannelUnavailable } from '../../channel/errors.js';
import { CaLacksTask, CaRefused, CaUnavailable } from '../../model/ca.js';

/** Awaits the answer to a task. @throws CaUnavailable, CaLacksTask, CaRefused in place of the channel's errors */
export async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw inRaWords(error);
  }
}

/** Translates an error of the channel into the RA's; any other is returned as it is. */
export function inRaWords(error: unknown): unknown {
  if (error instanceof ChannelUnavailable) return new CaUnavailable(error.message, { cause: error });
  if (!(error instanceof ChannelRefused)) return error;
  const { kind, message } = error;
  if (kind === 'unknownTask') return new CaLacksTask(message.replace('Unknown task: ', ''));
  // The client has turned `retry` into ChannelUnavailable already.
  return new CaRefused(message, kind === 'retry' ? 'other' : kind);
}
