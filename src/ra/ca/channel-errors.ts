import { ChannelRefused, ChannelUnavailable } from '../../channel/errors.js';
import { CaLacksTask, CaRefused, CaUnavailable } from '../../model/ca.js';

/** The answer to a task. @throws CaUnavailable, CaLacksTask, CaRefused: the channel's errors in the RA's words */
export async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw inRaWords(error);
  }
}

/** An error of the channel in the RA's words; any other as it is. */
export function inRaWords(error: unknown): unknown {
  if (error instanceof ChannelUnavailable) return new CaUnavailable(error.message, { cause: error });
  if (!(error instanceof ChannelRefused)) return error;
  const { kind, message } = error;
  if (kind === 'unknownTask') return new CaLacksTask(message.replace('Unknown task: ', ''));
  // `retry` never comes here: the client has made it ChannelUnavailable.
  return new CaRefused(message, kind === 'retry' ? 'other' : kind);
}
