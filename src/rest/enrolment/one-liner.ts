import { X509Certificate } from 'node:crypto';
import { shellWord } from '../../lib/shell-word.js';
import type { Node } from '../../model/facts.js';
import { wireType } from '../../x509/certificate-names.js';

/** The URL of the script for a node. One `sans` per name, so that a name may contain a comma. */
export function scriptUrl(
  base: string,
  { profile, cn, names }: Pick<Node, 'profile' | 'cn' | 'names'>,
): string {
  const query = new URLSearchParams({ cn });
  for (const { type, value } of names) query.append('sans', `${wireType(type)}:${value}`);
  query.append('format', 'sh');
  return `${base}/api/v1/public/magic/${profile}?${query}`;
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
