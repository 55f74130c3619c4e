import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../kit/command.js';

/**
 * Whether the CRL (a DER file) lists the serial (upper-case hex).
 * @throws Error if the second certificate of `chain`, the issuer, did not sign the CRL
 */
export async function isOnCrl(crl: string, serial: string, chain: string, folder: string): Promise<boolean> {
  const issuer = join(folder, 'issuer.pem');
  await writeFile(issuer, chain.slice(chain.indexOf('-----BEGIN', 1)));
  const args = ['crl', '-inform', 'DER', '-in', crl, '-noout', '-text'];
  const text = await run('openssl', args);
  // The exit code of `openssl crl` does not report this; its output does.
  const verified = await run('sh', [
    '-c',
    'openssl "$@" 2>&1',
    'sh',
    ...args.slice(0, -1),
    '-CAfile',
    issuer,
  ]);
  if (!verified.includes('verify OK')) throw new Error(`the CRL's signature: ${verified}`);
  return new RegExp(`Serial Number: 0*${serial}$`, 'm').test(text);
}
