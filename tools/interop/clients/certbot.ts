import { run } from '../../kit/command.js';
import type { Client, Obtained } from '../client.js';
import { clearTxt, setTxt, type World } from '../world.js';

/** The EFF's certbot, as published on PyPI. */
export const certbot: Client = {
  name: 'certbot',
  async install(tools) {
    const program = await tools.pip('certbot');
    const version = (await run(program, ['--version'])).trim().replace('certbot ', '');
    return { version, open: (world) => open(program, world) };
  },
};

/** The version that most servers have. */
export const certbotDebian: Client = {
  name: 'certbot-debian',
  async install(tools) {
    const program = await tools.apt('certbot');
    return { version: await tools.debianVersion('certbot'), open: (world) => open(program, world) };
  },
};

async function open(program: string, world: World) {
  const { authority, dns, httpPort } = world;
  const folders = ['--config-dir', 'config', '--work-dir', 'work', '--logs-dir', 'logs'];
  const common = [...folders, '--server', authority.directoryUrl, '--non-interactive'];
  const account = ['--agree-tos', '-m', 'admin@certbot.internal', '--no-eff-email'];
  const certonly = (...args: string[]) => world.run(program, ['certonly', ...common, ...account, ...args]);
  const obtained = async (name: string): Promise<Obtained> => ({
    name,
    chain: await world.read(`config/live/${name}/fullchain.pem`),
    key: await world.read(`config/live/${name}/privkey.pem`),
  });

  const record = '"_acme-challenge.$CERTBOT_DOMAIN"';
  const manual = [
    ...['--manual', '--preferred-challenges', 'dns'],
    ...['--manual-auth-hook', await world.script('auth-hook', setTxt(dns, record, '"$CERTBOT_VALIDATION"'))],
    ...['--manual-cleanup-hook', await world.script('cleanup-hook', clearTxt(dns, record))],
  ];
  const web = world.name('web');
  return {
    obtain: {
      async 'http-01'() {
        const standalone = ['--standalone', '--http-01-port', String(httpPort)];
        await certonly(...standalone, '--http-01-address', '127.0.0.1', '-d', web);
        return obtained(web);
      },
      async 'dns-01'() {
        const name = world.name('dns');
        await certonly(...manual, '-d', name);
        return obtained(name);
      },
      async wildcard() {
        const base = world.name('wild');
        await certonly(...manual, '--cert-name', base, '-d', base, '-d', `*.${base}`);
        return { ...(await obtained(base)), name: `any.${base}` };
      },
    },
    async renew() {
      await world.run(program, [
        ...['renew', ...common, '--cert-name', web],
        ...['--force-renewal', '--no-random-sleep-on-renew'],
      ]);
      return obtained(web);
    },
    async revoke() {
      const args = ['revoke', ...common, '--cert-name', web, '--reason', 'superseded'];
      await world.run(program, [...args, '--no-delete-after-revoke']);
    },
  };
}
