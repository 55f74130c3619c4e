import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { onPath } from '../../kit/tools.js';
import type { Client, Obtained } from '../client.js';
import { addTxt, clearTxt, setTxt, type World } from '../world.js';

/** The release under test if none is on the PATH. */
export const ACME_SH_COMMIT = 'd60c75b4e30a26addd8b9d0bfdeeed39c84ed51e';

/** acme.sh, from its repository: no package registry has it. */
export const acmeSh: Client = {
  name: 'acme.sh',
  slow: true,
  // It takes the first word of the record from the directory's caaIdentities.
  settings: { UPKI_RA_DNS_PERSIST: 'true', UPKI_RA_CAA_IDENTITIES: 'pki.acme.sh.internal' },
  async install(tools) {
    const source = onPath('acme.sh') ? null : await tools.source('acmesh-official/acme.sh', ACME_SH_COMMIT);
    const program = source === null ? 'acme.sh' : join(source, 'acme.sh');
    const version = /^v(\d\S*)/m.exec(await run(program, ['--version']))?.[1] ?? 'unknown version';
    return { version, open: (world) => open(program, world) };
  },
};

async function open(program: string, world: World) {
  const { authority, dns, folder, httpPort, tlsPort } = world;
  const home = join(folder, 'acme.sh');
  await mkdir(join(home, 'dnsapi'), { recursive: true });
  await world.file(
    'acme.sh/dnsapi/dns_interop.sh',
    `dns_interop_add() { ${setTxt(dns, '"$1"', '"$2"')}; }
dns_interop_rm() { ${clearTxt(dns, '"$1"')}; }
`,
  );
  const common = ['--home', home, '--server', authority.directoryUrl, '--ca-bundle', authority.serverRoot];
  const acmeSh = (...args: string[]) => world.run(program, [...args, ...common]);
  const obtain = async (names: string[], ...how: string[]): Promise<Obtained> => {
    const [name = ''] = names;
    await acmeSh('--issue', ...how, ...names.flatMap((each) => ['-d', each]));
    return obtained(name);
  };
  const obtained = async (name: string): Promise<Obtained> => ({
    name,
    chain: await world.read(`acme.sh/${name}_ecc/fullchain.cer`),
    key: await world.read(`acme.sh/${name}_ecc/${name}.key`),
  });
  // Without a number of seconds it would query public resolvers for the record.
  const byDns = ['--dns', 'dns_interop', '--dnssleep', '1'];
  const here = ['--local-address', '127.0.0.1'];
  const web = world.name('web');
  return {
    obtain: {
      'http-01': () => obtain([web], '--standalone', '--httpport', String(httpPort), ...here),
      'dns-01': () => obtain([world.name('dns')], ...byDns),
      async wildcard() {
        const base = world.name('wild');
        return { ...(await obtain([base, `*.${base}`], ...byDns)), name: `any.${base}` };
      },
      'tls-alpn-01': () => obtain([world.name('alpn')], '--alpn', '--tlsport', String(tlsPort), ...here),
      async 'dns-persist-01'() {
        const name = world.name('persist');
        const said = await acmeSh('--make-dns-persist-value', '-d', name);
        const value = /TXT persist value[^"]*"([^"]+)"/.exec(said)?.[1];
        if (value === undefined) throw new Error(`acme.sh names no record: ${said}`);
        await addTxt(dns, `_validation-persist.${name}`, value);
        return obtain([name], '--dns-persist');
      },
    },
    async renew() {
      await acmeSh('--renew', '--force', '-d', web);
      return obtained(web);
    },
    async revoke() {
      await acmeSh('--revoke', '--revoke-reason', '4', '-d', web);
    },
  };
}
