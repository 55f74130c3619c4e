import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './ports.js';
import { RaFiles } from './ra/files.js';
import { ownNames } from './ra/own-names.js';
import type { ProgramSettings } from './settings.js';

/** The environments that make a CA and an RA one system. */
interface JoinedPrograms {
  ra: NodeJS.ProcessEnv;
  ca: NodeJS.ProcessEnv;
}

/** ::1 in place of 127.0.0.1 on a machine that has only IPv6. */
export function loopbackOf(host: string, interfaces = networkInterfaces()): string {
  const own = Object.values(interfaces).flatMap((each) => each?.map(({ address }) => address) ?? []);
  return host === '127.0.0.1' && !own.includes(host) && own.includes('::1') ? '::1' : host;
}

/**
 * Decides the values on which both programs must agree: the ports (0 is replaced by a free port, which a restarted program uses
 * again), the mode of the channel, the file of the seed, and the URL of CRL, OCSP and issuers in certificates.
 * @throws CannotStart naming the variable of a port that is taken
 */
export async function joinPrograms(
  env: NodeJS.ProcessEnv,
  ra: ProgramSettings,
  ca: ProgramSettings,
): Promise<JoinedPrograms> {
  const caListen = loopbackOf(ca.caListen);
  const [caPort, registrationPort, raPort, httpPort = ra.raHttpPort] = await freePorts([
    { what: 'the CA', host: caListen, port: ca.caPort, variable: 'UPKI_CA_PORT' },
    {
      what: 'registrations at the CA',
      host: caListen,
      port: ca.caRegistrationPort,
      variable: 'UPKI_CA_REGISTRATION_PORT',
    },
    { what: 'the RA', host: ra.raHost, port: ra.raPort, variable: 'UPKI_RA_PORT' },
    ...(ra.raHttp
      ? [
          {
            what: 'CRL, OCSP and issuers',
            host: ra.raHost,
            port: ra.raHttpPort,
            variable: 'UPKI_RA_HTTP_PORT',
          },
        ]
      : []),
  ]);
  // The RA itself warns about a changed name.
  const { cn } = await ownNames(ra, new RaFiles(ra.dataDir), () => {});
  const publicHost = ra.raUrl ? new URL(ra.raUrl).hostname : cn;
  const publicUrl = ca.caPublicUrl ?? (ra.raHttp ? new URL(`http://${publicHost}:${httpPort}`).origin : null);
  const common = {
    ...env,
    UPKI_CA_HOST: caListen,
    UPKI_CA_PORT: String(caPort),
    UPKI_CA_REGISTRATION_PORT: String(registrationPort),
    UPKI_ZMQ_MODE: ca.zmqMode,
    UPKI_RA_HOST: ra.raHost,
    UPKI_RA_PORT: String(raPort),
    UPKI_RA_HTTP_PORT: String(httpPort),
  };
  return {
    ca: {
      ...common,
      UPKI_DATA_DIR: ca.dataDir,
      UPKI_LOG_LEVEL: ca.logLevel,
      ...(publicUrl !== null && { UPKI_CA_PUBLIC_URL: publicUrl }),
    },
    ra: {
      ...common,
      // The CA stores its seed in this file, unless one is configured.
      ...(ca.caSeed === null ? { UPKI_CA_SEED_FILE: join(ca.dataDir, 'seed') } : { UPKI_CA_SEED: ca.caSeed }),
      UPKI_DATA_DIR: ra.dataDir,
      UPKI_LOG_LEVEL: ra.logLevel,
    },
  };
}
