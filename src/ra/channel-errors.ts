import { ChannelRefused, ChannelUnavailable } from '../channel/errors.js';
import { CaRefused, CaUnavailable } from './certificate-authority.js';

/** The channel's errors in the RA's words. */
export async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ChannelUnavailable) throw new CaUnavailable(error.message, { cause: error });
    if (error instanceof ChannelRefused) {
      // `retry` never comes here: the client has made it ChannelUnavailable.
      const kind = error.kind === 'retry' ? 'other' : error.kind;
      throw new CaRefused(error.message, kind);
    }
    throw error;
  }
}
