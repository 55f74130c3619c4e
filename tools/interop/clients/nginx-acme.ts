import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import type { RunningProcess } from '../../kit/process.js';
import { NotInstallable, onPath, type Tools } from '../../kit/tools.js';
import { until } from '../../kit/until.js';
import type { Client, Obtained } from '../client.js';
import type { World } from '../world.js';

/** Release 0.4.1. */
const COMMIT = '7b9994ee5d601b02982b4700cc94a5d8a73b9fb7';
/** Milliseconds that nginx may take to obtain a certificate in the background. */
const OBTAIN_LIMIT = 60_000;
const BUILD_LIMIT = 30 * 60_000;

/** nginx's own ACME module, built from its repository for Debian's nginx. */
export const nginxAcme: Client = {
  name: 'nginx-acme',
  slow: true,
  async install(tools) {
    const program = await tools.apt('nginx');
    const module = await build(tools);
    const [, nginx = ''] = /nginx\/(\S+)/.exec(await run('sh', ['-c', `"${program}" -v 2>&1`])) ?? [];
    return { version: `0.4.1 in nginx ${nginx}`, open: (world) => open(program, module, world) };
  },
};

/** The module is compiled against the headers of the nginx that loads it, with that nginx's configuration. */
async function build(tools: Tools): Promise<string> {
  const cargo = onPath('cargo');
  if (!cargo) throw new NotInstallable('there is no cargo on this machine');
  const source = await tools.source('nginx/nginx-acme', COMMIT);
  const target = join(tools.cache, 'cargo-nginx');
  const module = join(target, 'debug/libnginx_acme.so');
  if (existsSync(module)) return module;
  await tools.aptPackage('libssl-dev', '/usr/include/openssl/ssl.h');
  await tools.aptPackage('libpcre2-dev', '/usr/include/pcre2.h');
  await tools.aptPackage('zlib1g-dev', '/usr/include/zlib.h');
  await tools.aptPackage('libclang-14-dev', '/usr/lib/llvm-14/lib/libclang.so');
  await tools.aptPackage('nginx-dev', '/usr/share/nginx/src/conf_flags');
  const headers = join(tools.cache, 'nginx-dev');
  await run('cp', ['-R', '/usr/share/nginx/src/.', headers]);
  const options = { cwd: headers, timeout: BUILD_LIMIT };
  await run('sh', ['-c', "sed 's/.*(//; s/).*//' conf_flags | xargs ./configure"], options);
  await run(cargo, ['build', '--locked', '--target-dir', target], {
    cwd: source,
    env: { NGINX_SOURCE_DIR: headers, NGINX_BUILD_DIR: join(headers, 'objs') },
    timeout: BUILD_LIMIT,
  });
  return module;
}

/** It never revokes. */
async function open(program: string, module: string, world: World) {
  const { authority, dns, folder, httpPort, tlsPort } = world;
  for (const each of ['http', 'tls-alpn', 'logs']) await mkdir(join(folder, each));
  const issuer = (challenge: string) => `
  acme_issuer ${challenge} {
    uri ${authority.directoryUrl};
    challenge ${challenge}-01;
    ssl_trusted_certificate ${authority.serverRoot};
    contact admin@nginx-acme.internal;
    state_path ${join(folder, challenge)};
    accept_terms_of_service;
  }`;
  const site = (name: string, challenge: string) => `
  server {
    listen 127.0.0.1:${httpPort};
    listen 127.0.0.1:${tlsPort} ssl;
    server_name ${name};
    acme_certificate ${challenge};
    ssl_certificate $acme_certificate;
    ssl_certificate_key $acme_certificate_key;
    location / {
      return 200;
    }
  }`;
  const sites: string[] = [];
  let server: RunningProcess | null = null;
  const start = async () => {
    const config = await world.file(
      'nginx.conf',
      `load_module ${module};
daemon off;
pid nginx.pid;
error_log logs/error.log info;
${process.getuid?.() === 0 ? 'user root;' : ''}
events {}
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  resolver ${dns.address} ipv6=off;${issuer('http')}${issuer('tls-alpn')}${sites.join('')}
}
`,
    );
    await server?.stop();
    server = world.start(program, ['-p', folder, '-e', 'logs/start.log', '-c', config]);
  };
  const stored = async (name: string, challenge: string): Promise<Obtained> => {
    const files = (await readdir(join(folder, challenge))).filter((each) => each.startsWith(name));
    const read = (kind: string) =>
      world.read(join(challenge, files.find((each) => each.endsWith(kind)) ?? `${name}${kind}`));
    return { name, chain: await read('.crt'), key: await read('.key'), port: tlsPort };
  };
  const obtain = async (name: string, challenge: string): Promise<Obtained> => {
    sites.push(site(name, challenge));
    await start();
    return until(OBTAIN_LIMIT, () => stored(name, challenge));
  };
  const web = world.name('web');
  const { revokeAsOperator } = authority;
  return {
    obtain: {
      'http-01': () => obtain(web, 'http'),
      'tls-alpn-01': () => obtain(world.name('alpn'), 'tls-alpn'),
    },
    ...(revokeAsOperator && {
      // An operator revokes it; after a restart nginx queries its renewal window (RFC 9773), which is now.
      async renew() {
        const before = await stored(web, 'http');
        await revokeAsOperator(before.chain);
        await start();
        return until(OBTAIN_LIMIT, async () => {
          const after = await stored(web, 'http');
          if (after.chain === before.chain) throw new Error('nginx has not renewed it');
          return after;
        });
      },
    }),
    async close() {
      await server?.stop();
    },
  };
}
