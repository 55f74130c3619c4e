import { shellWord } from '../../lib/shell-word.js';

interface BoundClient {
  directoryUrl: string;
  keyId: string;
  /** base64url. */
  hmac: string;
  /** The name in the certificate. */
  name: string;
}

const MAIL = 'admin@example.internal';

/**
 * Command lines by ACME client. Each registers an account with the key (RFC 8555 §7.3.4) and orders a certificate. The one for lego
 * is for version 5; in version 4 the options are --kid and --hmac, and `run` is the last word.
 */
export function acmeLines({ directoryUrl, keyId, hmac, name }: BoundClient): Record<string, string> {
  const [url, kid, key, host] = [directoryUrl, keyId, hmac, name].map((text) => shellWord(text));
  return {
    certbot: `REQUESTS_CA_BUNDLE=$PWD/upki-root.crt certbot certonly --standalone --non-interactive --agree-tos --no-eff-email -m ${MAIL} --server ${url} --eab-kid ${kid} --eab-hmac-key ${key} -d ${host}`,
    lego: `LEGO_CA_CERTIFICATES=$PWD/upki-root.crt lego run --server ${url} --eab --eab.kid ${kid} --eab.hmac ${key} --accept-tos --email ${MAIL} --domains ${host} --http`,
    'acme.sh': `acme.sh --register-account --server ${url} --ca-bundle $PWD/upki-root.crt --eab-kid ${kid} --eab-hmac-key ${key} && acme.sh --issue --standalone --server ${url} --ca-bundle $PWD/upki-root.crt -d ${host}`,
    // The option is in the site: for names like .internal, Caddy ignores the global one and uses its own authority.
    caddy: `${name} {
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
