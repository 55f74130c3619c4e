import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const KEYS = {
  rsa: ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  ec: ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
};

export const openssl = (...args: string[]): Buffer => execFileSync('openssl', args, { stdio: 'pipe' });

/** A root made by openssl in a folder, with an encrypted key. */
export function opensslRoot(
  directory: string,
  constraints: string,
  type: keyof typeof KEYS = 'rsa',
): { keyFile: string; certFile: string; passphrase: string } {
  const [keyFile, certFile] = [join(directory, 'k.pem'), join(directory, 'c.pem')];
  openssl('genpkey', '-algorithm', ...KEYS[type], '-aes256', '-pass', 'pass:secret', '-out', keyFile);
  openssl(
    ...['req', '-x509', '-new', '-key', keyFile, '-passin', 'pass:secret'],
    ...['-subj', '/O=Old/CN=Old Root', '-days', '900'],
    ...['-addext', `basicConstraints=critical,${constraints}`],
    ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ...['-out', certFile],
  );
  return { keyFile, certFile, passphrase: 'secret' };
}
