import { isIP, isIPv6 } from 'node:net';
import { shellWord } from '../../lib/shell-word.js';
import type { Node } from '../../model/facts.js';

interface BoundClient {
  directoryUrl: string;
  keyId: string;
  /** base64url. */
  hmac: string;
  /** The name or address in the certificate. */
  name: string;
}

/** The root beside the commands, in a folder whose name may have spaces. */
const ROOT = '"$PWD/upki-root.crt"';

/**
 * A name that the node may order and that a web server can prove: its first name or address, else an example below its wildcard or in its
 * network. A wildcard itself would need dns-01.
 */
export function exampleName({ cn, names, patterns }: Pick<Node, 'cn' | 'names' | 'patterns'>): string {
  const exact = names.filter(({ value }) => !value.startsWith('*.'));
  const ofType = (wanted: string) => exact.find(({ type }) => type === wanted)?.value;
  const [pattern] = patterns;
  const below = pattern?.replace(/^\*/, 'app').replace(/\/\d+$/, '');
  return ofType('dns') ?? ofType('ip') ?? below ?? names.find(({ type }) => type === 'dns')?.value ?? cn;
}

const MAIL = 'admin@example.internal';

/**
 * Command lines by ACME client. Each registers an account with the key (RFC 8555 §7.3.4) and orders a certificate. The one for lego
 * is for version 5; in version 4 the options are --kid and --hmac, and `run` is the last word.
 */
export function acmeLines({ directoryUrl, keyId, hmac, name }: BoundClient): Record<string, string> {
  const [url, kid, key, host] = [directoryUrl, keyId, hmac, name].map((text) => shellWord(text));
  return {
    certbot: `REQUESTS_CA_BUNDLE=${ROOT} certbot certonly --standalone --non-interactive --agree-tos --no-eff-email -m ${MAIL} --server ${url} --eab-kid ${kid} --eab-hmac-key ${key} ${isIP(name) ? '--ip-address' : '-d'} ${host}`,
    lego: `LEGO_CA_CERTIFICATES=${ROOT} lego run --server ${url} --eab --eab.kid ${kid} --eab.hmac ${key} --accept-tos --email ${MAIL} --domains ${host} --http`,
    'acme.sh': `acme.sh --register-account --server ${url} --ca-bundle ${ROOT} --eab-kid ${kid} --eab-hmac-key ${key} && acme.sh --issue --standalone --server ${url} --ca-bundle ${ROOT} -d ${host}`,
    // The option is in the site: for names like .internal, Caddy ignores the global one and uses its own authority.
    caddy: `${isIPv6(name) ? `[${name}]` : name} {
  tls {
    ca ${directoryUrl}
    ca_root upki-root.crt
    eab ${keyId} ${hmac}
  }
}`,
    traefik: `certificatesResolvers:
  upki:
    acme:
      caServer: ${directoryUrl}
      caCertificates: [upki-root.crt]
      storage: acme.json
      eab:
        kid: ${keyId}
        hmacEncoded: ${hmac}
      tlsChallenge: {}`,
    'cert-manager': `apiVersion: v1
kind: Secret
metadata: {name: upki-eab}
stringData: {secret: ${hmac}}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: upki}
spec:
  acme:
    server: ${directoryUrl}
    caBundle: # base64 of upki-root.crt
    privateKeySecretRef: {name: upki-account}
    externalAccountBinding:
      keyID: ${keyId}
      keySecretRef: {name: upki-eab, key: secret}
    solvers: [{http01: {ingress: {}}}]`,
  };
}
