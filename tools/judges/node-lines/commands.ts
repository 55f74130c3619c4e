import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ACME_SH_COMMIT } from '../../interop/clients/acme-sh.js';
import { LEGO_5 } from '../../interop/clients/lego.js';
import { run } from '../../kit/command.js';
import { type LineClient, Refused } from './client.js';

/** Milliseconds for a printed line; acme.sh's is two commands of about thirty programs each. */
const COMMAND_LIMIT = 240_000;

/** A client whose printed line is a shell command. @param certificate the file it writes, below its HOME */
function command(
  { name, install }: Pick<LineClient, 'name' | 'install'>,
  certificate: (host: string) => string,
  more = '',
): LineClient {
  return {
    name,
    install,
    async obtain(printed, host, { folder, env }) {
      await run('sh', ['-c', printed + more], { cwd: folder, env, timeout: COMMAND_LIMIT }).catch(
        (error: Error) => {
          throw new Refused(error.message);
        },
      );
      return new X509Certificate(await readFile(join(folder, certificate(host))));
    },
  };
}

export const certbot = command(
  { name: 'certbot', install: async (tools) => [dirname(await tools.pip('certbot'))] },
  (host) => `config/live/${host}/fullchain.pem`,
  // The printed line contains no folders, because those depend on the machine.
  ' --config-dir config --work-dir work --logs-dir logs',
);

export const lego = command(
  { name: 'lego', install: async (tools) => [dirname(await tools.goFrom(LEGO_5))] },
  (host) => `.lego/certificates/${host}.crt`,
);

export const acmeSh = command(
  {
    name: 'acme.sh',
    install: async (tools) => [
      await tools.source('acmesh-official/acme.sh', ACME_SH_COMMIT),
      dirname(await tools.apt('socat')),
    ],
  },
  (host) => `.acme.sh/${host}_ecc/fullchain.cer`,
);
