import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ChannelClient } from '../../src/channel/client.js';
import { newCurveKeyPair, registrationKeys } from '../../src/channel/curve-keys.js';
import { operations, registration } from '../../src/channel/tasks/index.js';
import { TaskClient } from '../../src/channel/typed-client.js';
import { newKey, requestPem } from '../ca/authority-world.js';
import type { RunningUpki } from './upki.js';

/** The first administrator of a running uPKI, by its registration seed. PEM. */
export async function newAdministrator(
  { dataDir, ports }: RunningUpki,
  cn: string,
): Promise<{ key: string; cert: string }> {
  const seed = readFileSync(join(dataDir, 'ca/seed'), 'utf8').trim();
  const ends = registrationKeys(seed);
  const key = newKey();
  const channelKeys = newCurveKeyPair();
  const registrar = new ChannelClient({
    endpoint: `tcp://127.0.0.1:${ports.registration}`,
    security: { mode: 'curve', serverKey: ends.server.publicKey, keys: ends.client },
  });
  try {
    const made = await new TaskClient(registration, registrar).call('register', {
      cn,
      profile: 'admin',
      csr: requestPem([], { key, cn }),
      curve_public_key: channelKeys.publicKey,
    });
    const channel = new ChannelClient({
      endpoint: `tcp://127.0.0.1:${ports.ca}`,
      security: { mode: 'curve', serverKey: made.operations_public_key ?? '', keys: channelKeys },
    });
    try {
      await new TaskClient(operations, channel).call('add_admin', { dn: `/CN=${cn}` });
    } finally {
      channel.close();
    }
    return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: made.certificate };
  } finally {
    registrar.close();
  }
}
