/**
 * A program on npm's acme-client for the interop run: one task per process. The authority's root comes from
 * NODE_EXTRA_CA_CERTS.
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, crypto } from 'acme-client';
import { answersBy } from './answers.js';

const SUPERSEDED = 4;

const { values: o, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    directory: { type: 'string', default: '' },
    challenge: { type: 'string', default: 'http-01' },
    /** Port of the listener for http-01 and tls-alpn-01. */
    port: { type: 'string', default: '0' },
    /** URL where TXT records are set. */
    control: { type: 'string', default: '' },
    /** Separated by commas. */
    names: { type: 'string', default: '' },
    /** Path of the certificate and key files, without extension. */
    out: { type: 'string', default: 'certificate' },
  },
});

const accountKey = await readFile('account.pem').catch(async () => {
  const key = await crypto.createPrivateEcdsaKey();
  await writeFile('account.pem', key, { mode: 0o600 });
  return key;
});
const client = new Client({ directoryUrl: o.directory, accountKey });

if (positionals[0] === 'obtain') await obtain(o.names.split(','));
else if (positionals[0] === 'revoke') await revoke();
else throw new Error('obtain or revoke?');

async function obtain(names: string[]): Promise<void> {
  const webRoot = await mkdtemp(join(process.cwd(), 'web-root-'));
  const answers = await answersBy(o.challenge, { webRoot, port: Number(o.port), control: o.control });
  try {
    const [key, csr] = await crypto.createCsr({ altNames: names }, await crypto.createPrivateEcdsaKey());
    const chain = await client.auto({
      csr,
      email: 'admin@acme-client.internal',
      termsOfServiceAgreed: true,
      challengePriority: [o.challenge],
      // Its own check in advance uses the system's resolver, which does not know our names.
      skipChallengeVerification: true,
      challengeCreateFn: answers.give,
      challengeRemoveFn: answers.take,
    });
    await writeFile(`${o.out}.key`, key, { mode: 0o600 });
    await writeFile(`${o.out}.crt`, chain);
  } finally {
    await answers.close();
  }
}

async function revoke(): Promise<void> {
  await client.createAccount({ onlyReturnExisting: true });
  await client.revokeCertificate(await readFile(`${o.out}.crt`), { reason: SUPERSEDED });
}
