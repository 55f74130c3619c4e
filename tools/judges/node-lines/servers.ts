import { X509Certificate } from 'node:crypto';
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { CADDY } from '../../interop/clients/caddy.js';
import { TRAEFIK } from '../../interop/clients/traefik.js';
import { RunningProcess } from '../../kit/process.js';
import { type LineClient, Refused, ROOT } from './client.js';

/** Milliseconds for a server to get its certificate in the background, or to be refused. */
const OBTAIN_LIMIT = 60_000;

/** A server whose printed lines are part of its configuration. It runs on ports 80 and 443 until it serves a certificate or reports why not. */
function server(
  { name, install }: Pick<LineClient, 'name' | 'install'>,
  program: string,
  configure: (printed: string, host: string) => { file: string; content: string; args: string[] },
): LineClient {
  return {
    name,
    install,
    async obtain(printed, host, place) {
      // Its storage, such as an account, belongs to one run.
      const folder = await mkdtemp(join(place.folder, 'run-'));
      await copyFile(join(place.folder, ROOT), join(folder, ROOT));
      const { file, content, args } = configure(printed, host);
      await writeFile(join(folder, file), content);
      const log = join(folder, 'log');
      const own = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
      const admin = { CADDY_ADMIN: `unix/${join(folder, 'admin.sock')}` };
      const running = new RunningProcess(program, args, {
        cwd: folder,
        env: { ...place.env, ...own, ...admin },
        log,
      });
      try {
        const ending = await running.whenAnswers(OBTAIN_LIMIT, async () => {
          const said = running.output();
          return said.includes('urn:ietf:params:acme:error:') ? new Refused(said) : served(host);
        });
        if (ending instanceof Refused) throw ending;
        return ending;
      } finally {
        await running.stop();
      }
    },
  };
}

/** The leaf served for the name on port 443. @throws Error while another certificate is served */
function served(host: string): Promise<X509Certificate> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: '127.0.0.1', port: 443, servername: host, rejectUnauthorized: false },
      () => {
        const leaf = new X509Certificate(socket.getPeerCertificate().raw);
        socket.destroy();
        if (leaf.subjectAltName === `DNS:${host}`) resolve(leaf);
        else reject(new Error(`what is served is for ${leaf.subjectAltName}`));
      },
    );
    socket.on('error', reject);
  });
}

/** The current Caddy; the printed lines are a complete Caddyfile. */
export const caddy = server(
  {
    name: 'caddy',
    install: async (tools) => [dirname(await tools.go(CADDY.package, CADDY.version, 'caddy'))],
  },
  'caddy',
  (printed) => ({
    file: 'Caddyfile',
    content: `${printed}\n`,
    args: ['run', '--config', 'Caddyfile', '--adapter', 'caddyfile'],
  }),
);

/** The printed lines are the resolver of the static configuration; the operator adds the entry points. */
export const traefik = server(
  { name: 'traefik', install: async (tools) => [dirname(await tools.goFrom(TRAEFIK))] },
  'traefik',
  (printed, host) => ({
    file: 'traefik.yml',
    content: `${printed}
entryPoints:
  websecure:
    address: ":443"
    http:
      tls:
        certResolver: upki
        domains: [{main: ${host}}]
ping:
  entryPoint: websecure
`,
    args: ['--configFile=traefik.yml'],
  }),
);
