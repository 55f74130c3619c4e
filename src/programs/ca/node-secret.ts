import { hkdfSync } from 'node:crypto';

/** Derived from the channel's key, so that it is the same for every CA process with these keys and after a restore. */
export function nodeSecretOf(channelKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', channelKey, Buffer.alloc(0), 'upki node secret', 32));
}
