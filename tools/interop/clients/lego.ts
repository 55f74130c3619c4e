import { run } from '../../kit/command.js';
import type { GoBuild } from '../../kit/go-build.js';
import type { Client, Obtained } from '../client.js';
import { addTxt, execHook, type World } from '../world.js';

/** lego's command from Debian: version 4. */
export const lego: Client = {
  name: 'lego',
  async install(tools) {
    const program = await tools.apt('lego');
    return { version: await tools.debianVersion('lego'), open: (world) => open(program, world, VERSION_4) };
  },
};

/** Built from source, because a build by `go install` colours its log and takes minutes to compile. */
export const LEGO_5: GoBuild = {
  module: 'github.com/go-acme/lego/v5',
  version: 'v5.6.0',
  program: 'lego',
  // Only with the DNS provider that runs a script: the other two hundred take minutes to compile.
  tags: ['lego_dnslight', 'lego_dns_exec'],
  // It colours the log; some module proxies lack the required version, 1.7.1.
  edit: ['-replace=gitlab.com/greyxor/slogor=gitlab.com/greyxor/slogor@v1.7.0'],
};

/** Version 5, which has a different command line. */
export const legoNewest: Client = {
  name: 'lego-newest',
  settings: { UPKI_RA_DNS_PERSIST: 'true' },
  async install(tools) {
    const program = await tools.goFrom(LEGO_5);
    const version = / v(\d[\d.]*)/.exec(await run(program, ['--version']))?.[1] ?? 'unknown version';
    return { version, open: (world) => open(program, world, VERSION_5) };
  },
};

interface CommandLine {
  obtain(flags: string[]): string[];
  renew(flags: string[]): string[];
  revoke(account: string[], name: string): string[];
  httpAddress: string;
  tlsAddress: string;
  /** Does not query the zone's own servers for the record: there are none here. */
  trustRecord: string;
  /** The option that selects dns-persist-01; null if it has none. */
  persist: ((resolver: string) => string[]) | null;
}

const VERSION_4: CommandLine = {
  obtain: (flags) => [...flags, 'run'],
  renew: (flags) => [...flags, 'renew', '--days', '1000', '--no-random-sleep'],
  revoke: (account, name) => [...account, '--domains', name, 'revoke', '--reason', '4'],
  httpAddress: '--http.port',
  tlsAddress: '--tls.port',
  trustRecord: '--dns.disable-cp',
  persist: null,
};

const VERSION_5: CommandLine = {
  obtain: (flags) => ['run', ...flags],
  renew: (flags) => ['run', ...flags, '--renew-force', '--no-random-sleep'],
  revoke: (account, name) => ['certificates', 'revoke', ...account, '--cert.name', name, '--reason', '4'],
  httpAddress: '--http.address',
  tlsAddress: '--tls.address',
  trustRecord: '--dns.propagation.disable-ans',
  persist: (resolver) => [
    ...['--dns-persist', '--dns-persist.propagation.disable-ans', '--dns-persist.resolvers', resolver],
  ],
};

async function open(program: string, world: World, line: CommandLine) {
  const { authority, dns, httpPort, tlsPort } = world;
  const account = ['--server', authority.directoryUrl, '--email', 'admin@lego.internal', '--path', 'lego'];
  const common = [...account, '--accept-tos'];
  const obtained = async (name: string, file = name): Promise<Obtained> => ({
    name,
    chain: await world.read(`lego/certificates/${file}.crt`),
    key: await world.read(`lego/certificates/${file}.key`),
  });
  const byDns = [...common, '--dns', 'exec', line.trustRecord, '--dns.resolvers', dns.address];
  // Names of one order are proven one after the other, a minute apart by default.
  const env = { EXEC_PATH: await execHook(world), EXEC_SEQUENCE_INTERVAL: '1' };
  const { persist } = line;
  const web = world.name('web');
  const byHttp = [...common, '--domains', web, '--http', line.httpAddress, `127.0.0.1:${httpPort}`];
  return {
    obtain: {
      async 'http-01'() {
        await world.run(program, line.obtain(byHttp));
        return obtained(web);
      },
      async 'dns-01'() {
        const name = world.name('dns');
        await world.run(program, line.obtain([...byDns, '--domains', name]), { env });
        return obtained(name);
      },
      async wildcard() {
        const base = world.name('wild');
        const domains = ['--domains', `*.${base}`, '--domains', base];
        await world.run(program, line.obtain([...byDns, ...domains]), { env });
        return obtained(`any.${base}`, `_.${base}`);
      },
      async 'tls-alpn-01'() {
        const name = world.name('alpn');
        const byTls = ['--tls', line.tlsAddress, `127.0.0.1:${tlsPort}`];
        await world.run(program, line.obtain([...common, ...byTls, '--domains', name]));
        return obtained(name);
      },
      ...(persist &&
        authority.persistValue && {
          async 'dns-persist-01'() {
            const name = world.name('persist');
            const value = await authority.persistValue?.(name, await accountUrl(world));
            await addTxt(dns, `_validation-persist.${name}`, value ?? '');
            await world.run(program, line.obtain([...common, ...persist(dns.address), '--domains', name]));
            return obtained(name);
          },
        }),
    },
    async renew() {
      await world.run(program, line.renew(byHttp));
      return obtained(web);
    },
    async revoke() {
      await world.run(program, line.revoke(account, web));
    },
  };
}

/** The URL of the account in lego's folder. */
async function accountUrl(world: World): Promise<string> {
  const said = await world.run('grep', ['-rhoE', '"https?://[^"]+/acme/account/[0-9a-f]+"', 'lego/accounts']);
  return JSON.parse(said.split('\n')[0] ?? '');
}
