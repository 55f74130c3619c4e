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
    /** Which CA this folder holds (see identity.ts). */
    marker: at('identity.json'),
  };
}

export type CaPaths = ReturnType<typeof caPaths>;
