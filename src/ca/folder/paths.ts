import { join } from 'node:path';

/** The files of a CA's own folder. */
export function caPaths(dataDir: string) {
  const at = (name: string) => join(dataDir, name);
  return {
    rootKey: at('ca.key'),
    root: at('ca.crt'),
    issuerKey: at('issuer.key'),
    issuer: at('issuer.crt'),
    channelKey: at('channel.key'),
    seed: at('seed'),
    config: at('ca.config.yml'),
    profiles: at('profiles'),
    privateKeys: at('private'),
    database: at('ca.db'),
    ocsp: at('ocsp.pem'),
    /** Keys of later issuers and roots, and of their OCSP responders. */
    issuers: at('issuers'),
    /** A request for an issuer's certificate that waits to be signed elsewhere, and its key. */
    request: join(at('issuers'), 'request.csr'),
    requestKey: join(at('issuers'), 'request.key'),
    /** Which CA this folder holds (see identity.ts). */
    marker: at('identity.json'),
  };
}

export type CaPaths = ReturnType<typeof caPaths>;
