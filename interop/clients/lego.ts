import type { Client, Obtained } from '../client.js';
import { run } from '../command.js';
import { clearTxt, setTxt, type World } from '../world.js';

/** lego's command, as Debian has it. */
export const lego: Client = {
  name: 'lego',
  async install(tools) {
    const program = await tools.apt('lego');
    const said = await run('dpkg', ['-s', 'lego']).catch(() => '');
    const version = /^Version: (.+)$/m.exec(said)?.[1] ?? 'unknown version';
    return { version, open: (world) => open(program, world) };
  },
};

async function open(program: string, world: World) {
  const { authority, dns, httpPort, tlsPort } = world;
  const common = [
    ...['--server', authority.directoryUrl, '--accept-tos', '--email', 'admin@lego.interop'],
    ...['--path', 'lego'],
  ];
  const obtained = async (name: string, file = name): Promise<Obtained> => ({
    name,
    chain: await world.read(`lego/certificates/${file}.crt`),
    key: await world.read(`lego/certificates/${file}.key`),
  });
  const hook = await world.script(
    'dns-hook',
    `case "$1" in
present) ${setTxt(dns, '"$2"', '"$3"')} ;;
cleanup) ${clearTxt(dns, '"$2"')} ;;
esac`,
  );
  const byDns = ['--dns', 'exec', '--dns.disable-cp', '--dns.resolvers', dns.address];
  // Names of one order are proved one after the other, by default a minute apart.
  const env = { EXEC_PATH: hook, EXEC_SEQUENCE_INTERVAL: '1' };
  const web = world.name('web');
  const byHttp = [...common, '--domains', web, '--http', '--http.port', `127.0.0.1:${httpPort}`];
  return {
    obtain: {
      async 'http-01'() {
        await world.run(program, [...byHttp, 'run']);
        return obtained(web);
      },
      async 'dns-01'() {
        const name = world.name('dns');
        await world.run(program, [...common, ...byDns, '--domains', name, 'run'], { env });
        return obtained(name);
      },
      async wildcard() {
        const base = world.name('wild');
        const domains = ['--domains', `*.${base}`, '--domains', base];
        await world.run(program, [...common, ...byDns, ...domains, 'run'], { env });
        return obtained(`any.${base}`, `_.${base}`);
      },
      async 'tls-alpn-01'() {
        const name = world.name('alpn');
        const byTls = ['--tls', '--tls.port', `127.0.0.1:${tlsPort}`];
        await world.run(program, [...common, ...byTls, '--domains', name, 'run']);
        return obtained(name);
      },
    },
    async renew() {
      await world.run(program, [...byHttp, 'renew', '--days', '1000', '--no-random-sleep']);
      return obtained(web);
    },
    async revoke() {
      await world.run(program, [...byHttp, 'revoke', '--reason', '4']);
    },
  };
}
