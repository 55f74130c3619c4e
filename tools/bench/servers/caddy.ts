import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunningProcess } from '../../kit/process.js';
import type { Tools } from '../../kit/tools.js';
import { freePorts } from '../../kit/upki.js';
import { peerFolder, peerOf } from './peer.js';
import type { Target } from './target.js';

const VERSION = 'v2.11.9';

/**
 * Caddy's acme_server: step-ca's engine in a web server, with a bbolt database. It always resolves names with the system's resolver and
 * dials port 80, so the driver orders the address 127.0.0.1 (RFC 8738), which needs no DNS.
 */
export async function startCaddy(tools: Tools): Promise<Target> {
  const program = await tools.go('github.com/caddyserver/caddy/v2/cmd/caddy', VERSION, 'caddy');
  const folder = peerFolder('caddy');
  const [port = 0] = await freePorts(1);
  const config = join(folder, 'Caddyfile');
  await writeFile(
    config,
    `{
      admin off
      skip_install_trust
      auto_https disable_redirects
      storage file_system ${join(folder, 'storage')}
    }
    https://localhost:${port} {
      bind 127.0.0.1
      tls internal
      acme_server {
        challenges http-01
      }
    }
`,
  );
  const directoryUrl = `https://localhost:${port}/acme/local/directory`;
  const rootFile = join(folder, 'storage/pki/authorities/local/root.crt');
  const process = new RunningProcess(program, ['run', '--config', config, '--adapter', 'caddyfile'], {
    cwd: folder,
    env: { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    log: join(folder, 'output.log'),
  });
  const peer = await peerOf({ process, folder, directoryUrl, rootFile });
  return {
    name: 'Caddy acme_server',
    version: VERSION,
    state: 'durable',
    directoryUrl,
    serverRoot: await readFile(rootFile, 'utf8'),
    identifiers: 'ip',
    pids: { Caddy: peer.pid },
    stop: peer.stop,
  };
}
