import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { commonName } from './ra-certificate.js';
import type { ProgramSettings } from './settings.js';

/** The environments that make a CA and an RA one system. */
export interface JoinedPrograms {
  ra: NodeJS.ProcessEnv;
  ca: NodeJS.ProcessEnv;
}

/**
 * What both programs must agree on, decided once: the ports (0 becomes a free one here, so that a restarted program
 * keeps it), the mode of the channel, the seed's file, and the URL certificates carry for CRL and issuer.
 */
export async function joinPrograms(
  env: NodeJS.ProcessEnv,
  ra: ProgramSettings,
  ca: ProgramSettings,
): Promise<JoinedPrograms> {
  const [caPort, registrationPort, raPort, httpPort] = await settled([
    ca.caPort,
    ca.caRegistrationPort,
    ra.raPort,
    ra.raHttpPort,
  ]);
  const publicHost = ra.raUrl ? new URL(ra.raUrl).hostname : commonName(ra, hostname());
  const common = {
    ...env,
    UPKI_CA_HOST: ca.caHost,
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
      UPKI_CA_PUBLIC_URL: ca.caPublicUrl ?? new URL(`http://${publicHost}:${httpPort}`).origin,
    },
    ra: {
      UPKI_CA_SEED_FILE: join(ca.dataDir, 'seed'),
      ...common,
      UPKI_DATA_DIR: ra.dataDir,
      UPKI_LOG_LEVEL: ra.logLevel,
    },
  };
}

/** The ports, free ones instead of zeros; all are held until all are known, so that none is given twice. */
async function settled(ports: number[]): Promise<number[]> {
  const holds = await Promise.all(
    ports.map((port) => (port === 0 ? hold() : { port, release: () => undefined })),
  );
  for (const { release } of holds) await release();
  return holds.map(({ port }) => port);
}

async function hold(): Promise<{ port: number; release(): Promise<unknown> }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { port, release: () => new Promise((resolve) => server.close(resolve)) };
}
