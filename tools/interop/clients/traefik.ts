import type { GoBuild } from '../../kit/go-build.js';
import type { RunningProcess } from '../../kit/process.js';
import { until } from '../../kit/until.js';
import type { Client, Obtained } from '../client.js';
import { execHook, type World } from '../world.js';

const VERSION = 'v3.7.13';
/** Milliseconds that Traefik may take to obtain a certificate in the background. */
const OBTAIN_LIMIT = 120_000;
/** Hours. Traefik renews certificates that it believes to be valid this long four months before they expire. */
const A_YEAR = 8760;

/**
 * Built from a copy, because `go install` refuses modules with replacements. The published module lacks one folder.
 * The copy uses a release of lego, which is part of Traefik, that can be built without two hundred DNS providers: some of
 * them are missing on some module proxies.
 */
export const TRAEFIK: GoBuild = {
  module: 'github.com/traefik/traefik/v3',
  version: VERSION,
  folder: 'cmd/traefik',
  program: 'traefik',
  tags: ['lego_dnslight', 'lego_dns_exec'],
  edit: [
    '-require=github.com/go-acme/lego/v5@v5.6.0',
    ...[
      'github.com/nrdcg/oci-go-sdk/common/v1065',
      'github.com/nrdcg/oci-go-sdk/dns/v1065',
      'github.com/sacloud/sacloud-sdk-go',
      'github.com/ucloud/ucloud-sdk-go',
      'github.com/yandex-cloud/go-sdk/services/dns',
    ].map((module) => `-droprequire=${module}`),
    '-replace=github.com/abbot/go-http-auth=github.com/containous/go-http-auth@v0.4.1-0.20200324110947-a37a7636d23e',
  ],
  add: {
    'pkg/config/dynamic/ext/go.mod': 'module github.com/traefik/traefik/dynamic/ext\n',
    'pkg/config/dynamic/ext/ext.go': 'package ext\n\ntype HTTP struct{}\n\ntype Router struct{}\n',
  },
};

export const traefik: Client = {
  name: 'traefik',
  slow: true,
  async install(tools) {
    const program = await tools.goFrom(TRAEFIK);
    return { version: VERSION.slice(1), open: (world) => open(program, world) };
  },
};

interface Router {
  resolver: string;
  name: string;
  /** Names of the certificate, if they are not just `name`. */
  domains?: { main: string; sans: string[] }[];
}

/** Traefik has no command to revoke. */
async function open(program: string, world: World) {
  const { authority, dns, httpPort, tlsPort } = world;
  const hook = await execHook(world);
  // Names of one order are proven one after the other, a minute apart by default.
  const env = { EXEC_PATH: hook, EXEC_SEQUENCE_INTERVAL: '1' };
  const routers: Router[] = [];

  /** Its configuration files are YAML, so they may be JSON. */
  const configure = (certificatesDuration: number) =>
    world.file(
      'traefik.yml',
      JSON.stringify({
        log: { level: 'INFO' },
        entryPoints: {
          web: { address: `127.0.0.1:${httpPort}` },
          websecure: { address: `127.0.0.1:${tlsPort}` },
        },
        providers: { file: { filename: 'routers.yml', watch: true } },
        certificatesResolvers: Object.fromEntries(
          Object.entries({
            http: { httpChallenge: { entryPoint: 'web' } },
            alpn: { tlsChallenge: {} },
            dns: {
              dnsChallenge: {
                provider: 'exec',
                resolvers: [dns.address],
                propagation: { disableANSChecks: true },
              },
            },
          }).map(([name, challenge]) => [
            name,
            {
              acme: {
                caServer: authority.directoryUrl,
                email: 'admin@traefik.internal',
                storage: `${name}.json`,
                certificatesDuration,
                ...challenge,
              },
            },
          ]),
        ),
      }),
    );
  const start = () => world.start(program, ['--configFile=traefik.yml'], { env });
  const routed = () =>
    world.file(
      'routers.yml',
      JSON.stringify({
        http: {
          routers: Object.fromEntries(
            routers.map(({ name, resolver: certResolver, domains }, i) => [
              `router-${i}`,
              {
                rule: `Host(\`${name}\`)`,
                entryPoints: ['websecure'],
                service: 'ping@internal',
                tls: domains ? { certResolver, domains } : { certResolver },
              },
            ]),
          ),
        },
      }),
    );

  let server: RunningProcess | null = null;
  const stored = async ({ resolver, name, domains }: Router): Promise<Obtained> => {
    const storage = JSON.parse(await world.read(`${resolver}.json`));
    const main = domains?.[0]?.main ?? name;
    const entry = storage[resolver]?.Certificates?.find(
      (each: { domain: { main: string } }) => each.domain.main === main,
    );
    if (!entry) throw new Error(`Traefik has no certificate for ${main}`);
    const text = (base64: string) => Buffer.from(base64, 'base64').toString();
    return { name, chain: text(entry.certificate), key: text(entry.key), port: tlsPort };
  };
  const obtain = async (router: Router) => {
    routers.push(router);
    await routed();
    server ??= start();
    return until(OBTAIN_LIMIT, () => stored(router));
  };

  await configure(1440);
  const web: Router = { resolver: 'http', name: world.name('web') };
  return {
    obtain: {
      'http-01': () => obtain(web),
      'dns-01': () => obtain({ resolver: 'dns', name: world.name('dns') }),
      wildcard() {
        const base = world.name('wild');
        const domains = [{ main: base, sans: [`*.${base}`] }];
        return obtain({ resolver: 'dns', name: `any.${base}`, domains });
      },
      'tls-alpn-01': () => obtain({ resolver: 'alpn', name: world.name('alpn') }),
    },
    // It renews certificates that are due when it starts.
    async renew() {
      const before = await stored(web);
      await server?.stop();
      await configure(A_YEAR);
      server = start();
      return until(OBTAIN_LIMIT, async () => {
        const after = await stored(web);
        if (after.chain === before.chain) throw new Error('Traefik has not renewed it');
        return after;
      });
    },
    async close() {
      await server?.stop();
    },
  };
}
