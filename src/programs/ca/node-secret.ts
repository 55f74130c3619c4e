import { hkdfSync } from 'node:crypto';

/** The secret of nodes. It is derived from the channel key, so that all CAs with these keys have it, also after a restore. */
export function nodeSecretOf(channelKey: string): Buffer {
  return Buffer.from(hkdfSync('sha256', channelKey, Buffer.alloc(0), 'upki node secret', 32));
}
