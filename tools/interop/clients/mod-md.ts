import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import type { RunningProcess } from '../../kit/process.js';
import { until } from '../../kit/until.js';
import type { Client, Obtained } from '../client.js';
import { clearTxt, setTxt, type World } from '../world.js';

const MODULES = '/usr/lib/apache2/modules';
/** Milliseconds that mod_md may take to obtain a certificate in the background. */
const OBTAIN_LIMIT = 40_000;

/** mod_md, part of Apache: Debian's package with the program only, so that no port is taken. */
export const modMd: Client = {
  name: 'mod-md',
  async install(tools) {
    const program = await tools.apt('apache2-bin', 'apache2');
    const version = /Apache\/(\S+)/.exec(await run(program, ['-v']))?.[1] ?? 'unknown version';
    return { version, open: (world) => open(program, world) };
  },
};

/** It renews what it serves and never revokes. */
async function open(program: string, world: World) {
  const { authority, dns, folder, httpPort, tlsPort } = world;
  for (const each of ['md', 'htdocs']) await mkdir(join(folder, each));
  const dnsCommand = await world.script(
    'md-dns',
    `case "$1" in
setup) ${setTxt(dns, '"_acme-challenge.$2"', '"$3"')} ;;
teardown) ${clearTxt(dns, '"_acme-challenge.$2"')} ;;
esac`,
  );
  const configure = (name: string, challenge: string, more = '') =>
    world.file(
      'apache.conf',
      `ServerRoot ${folder}
ServerName localhost
PidFile apache.pid
ErrorLog apache.log
LogLevel warn md:info
DocumentRoot ${folder}/htdocs
${['mpm_event', 'authz_core', 'socache_shmcb', 'ssl', 'md'].map((each) => `LoadModule ${each}_module ${MODULES}/mod_${each}.so\n`).join('')}
Listen 127.0.0.1:${httpPort}
Listen 127.0.0.1:${tlsPort}
Protocols http/1.1 acme-tls/1
MDStoreDir md
MDCertificateAuthority ${authority.directoryUrl}
MDCACertificateFile ${authority.serverRoot}
MDCertificateAgreement accepted
MDContactEmail admin@mod-md.internal
MDPrivateKeys secp256r1
MDPortMap http:${httpPort} https:${tlsPort}
MDBaseServer off
MDCAChallenges ${challenge}
MDChallengeDns01 ${dnsCommand}
MDRetryDelay 1s
MDRenewMode always
MDStapling on
${more}
MDomain ${name}
<VirtualHost 127.0.0.1:${httpPort}>
  ServerName ${name.replace('*.', '')}
</VirtualHost>
<VirtualHost 127.0.0.1:${tlsPort}>
  ServerName ${name.replace('*.', 'any.')}
  SSLEngine on
</VirtualHost>
`,
    );
  let server: RunningProcess | null = null;
  /** As root, Apache would switch to a user who cannot read this folder; here Apache believes that it runs as an ordinary user. */
  const start = async () => {
    await server?.stop();
    const args = ['-DFOREGROUND', '-d', folder, '-f', 'apache.conf'];
    server =
      process.getuid?.() === 0
        ? world.start('unshare', ['-U', '--map-user=1000', program, ...args])
        : world.start(program, args);
  };
  const timesObtained = async (name: string) =>
    (await world.read('apache.log').catch(() => '')).split(`The Managed Domain ${name} has been setup`)
      .length;
  /** A new certificate is served after a restart. */
  const obtain = async (name: string, challenge: string, more?: string): Promise<Obtained> => {
    await configure(name, challenge, more);
    const before = await timesObtained(name);
    const chain = () => world.read(`md/domains/${name}/pubcert.secp256r1.pem`);
    const old = await chain().catch(() => null);
    await start();
    await until(OBTAIN_LIMIT, async () => {
      if ((await timesObtained(name)) === before) throw new Error(`Apache has not obtained ${name}`);
    });
    await start();
    await until(OBTAIN_LIMIT, async () => {
      if ((await chain()) === old)
        throw new Error(`Apache has not put the new certificate of ${name} in use`);
    });
    return {
      name: name.replace('*.', 'any.'),
      chain: await chain(),
      key: await world.read(`md/domains/${name}/privkey.secp256r1.pem`),
      port: tlsPort,
    };
  };
  const web = world.name('web');
  return {
    obtain: {
      'dns-01': () => obtain(world.name('dns'), 'dns-01'),
      wildcard: () => obtain(`*.${world.name('wild')}`, 'dns-01'),
      'tls-alpn-01': () => obtain(world.name('alpn'), 'tls-alpn-01'),
      'http-01': () => obtain(web, 'http-01'),
    },
    renew: () => obtain(web, 'http-01', 'MDRenewWindow 60d'),
    async close() {
      await server?.stop();
    },
  };
}
