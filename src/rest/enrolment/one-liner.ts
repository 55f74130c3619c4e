import { X509Certificate } from 'node:crypto';
import { shellWord } from '../../lib/shell-word.js';
import type { Node } from '../../model/facts.js';
import { wireType } from '../../x509/certificate-names.js';

/** Limit of a URL in characters; common proxies refuse longer request lines. */
const LONGEST_URL = 8000;

/**
 * The URL of the script for a node. One `sans` per name, so that a name may contain a comma. Names that make the URL too long are left
 * out of the CSR: the certificate has the registered names anyway.
 */
export function scriptUrl(
  base: string,
  { profile, cn, names }: Pick<Node, 'profile' | 'cn' | 'names'>,
): string {
  const sans = names.map(({ type, value }): [string, string] => ['sans', `${wireType(type)}:${value}`]);
  const urlWith = (some: [string, string][]) =>
    `${base}/api/v1/public/magic/${profile}?${new URLSearchParams([['cn', cn], ...some, ['format', 'sh']])}`;
  const url = urlWith(sans);
  return url.length > LONGEST_URL ? urlWith([]) : url;
}

/**
 * One shell line for a machine with curl and openssl that does not trust the root yet. It downloads the root, compares its fingerprint
 * with the one in the line, and then downloads the script from the server, which the root authenticates.
 */
export function oneLiner(
  base: string,
  node: Pick<Node, 'profile' | 'cn' | 'names'>,
  root: string,
  seed: string,
): string {
  const { fingerprint256 } = new X509Certificate(root);
  return [
    `curl -fsSk -o upki-root.crt ${shellWord(`${base}/api/v1/public/ca`)}`,
    `openssl x509 -in upki-root.crt -noout -fingerprint -sha256 | grep -q ${fingerprint256}`,
    `curl -fsS --cacert upki-root.crt ${shellWord(scriptUrl(base, node))} | sh -s -- --seed ${shellWord(seed)}`,
  ].join(' && ');
}
