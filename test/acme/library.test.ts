import { createPrivateKey, X509Certificate } from 'node:crypto';
import { Agent } from 'node:https';
import * as acme from 'acme-client';
import { describe, expect, it } from 'vitest';
import { createWorld } from '../support/world/world.js';

describe('RFC 8555, as a client library of others reads it', () => {
  it('gets from account to certificate, renews its key, revokes and deactivates', async () => {
    const world = await createWorld();
    acme.axios.defaults.httpsAgent = new Agent({ ca: world.pki.root });
    const directoryUrl = `https://127.0.0.1:${world.port}/acme/directory`;
    const accountKey = await acme.crypto.createPrivateEcdsaKey();
    const client = new acme.Client({ directoryUrl, accountKey, backoffAttempts: 1 });
    const [key, csr] = await acme.crypto.createCsr({
      commonName: 'lib.example.test',
      altNames: ['lib.example.test'],
    });
    const chain = await client.auto({
      csr,
      email: 'admin@example.test',
      termsOfServiceAgreed: true,
      skipChallengeVerification: true,
      challengeCreateFn: async () => {},
      challengeRemoveFn: async () => {},
    });
    const leaf = new X509Certificate(chain);
    expect(leaf.subjectAltName).toBe('DNS:lib.example.test');
    expect(leaf.checkPrivateKey(createPrivateKey(key))).toBe(true);
    await client.updateAccountKey(await acme.crypto.createPrivateEcdsaKey());
    await client.revokeCertificate(chain, { reason: 4 });
    await expect(client.revokeCertificate(chain)).rejects.toThrow(/revoked/);
    await client.updateAccount({ status: 'deactivated' } as never);
    await expect(client.updateAccount({})).rejects.toThrow(/deactivated/);
    await world.close();
  });
});
