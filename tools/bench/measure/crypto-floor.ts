import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';

const ROUNDS = 300;

/**
 * Milliseconds of CPU that every ACME server needs: checking the signature of every request and of the CSR, and
 * signing the certificate, all P-256, with Node's OpenSSL, on one core.
 */
export function cryptoFloor(requests: number): number {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKey = createPublicKey(privateKey);
  const text = Buffer.alloc(300, 'a');
  const jws = sign('sha256', text, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const csr = sign('sha256', text, privateKey);
  const verifyJws = timed(() => verify('sha256', text, { key: publicKey, dsaEncoding: 'ieee-p1363' }, jws));
  const verifyCsr = timed(() => verify('sha256', text, publicKey, csr));
  const signTbs = timed(() => sign('sha256', text, privateKey));
  return requests * verifyJws + verifyCsr + signTbs;
}

/** CPU time instead of wall-clock time, so that other load does not count. */
function timed(work: () => unknown): number {
  for (let i = 0; i < ROUNDS / 10; i += 1) work();
  const before = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i += 1) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / ROUNDS;
}
