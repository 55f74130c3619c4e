import { hkdfSync } from 'node:crypto';

/** Of the channel's key, so that it is the same for every CA process of these keys and after a restore. */
export function nodeSecretOf(channelKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', channelKey, Buffer.alloc(0), 'upki node secret', 32));
}
