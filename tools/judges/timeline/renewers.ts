import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LEGO_5 } from '../../interop/clients/lego.js';
import { run } from '../../kit/command.js';
import { GO_CLOCK_AHEAD } from '../../kit/go-clock.js';
import type { Tools } from '../../kit/tools.js';
import type { Installation } from './installation.js';

/** A foreign client that renews its certificate and has the right time. */
export interface Renewer {
  name: string;
  /** Gets its first certificate: PEM, leaf first. @throws CommandFailed */
  obtain(): Promise<{ name: string; chain: string }>;
  /** Gets the next one for the same name. @throws CommandFailed */
  renew(): Promise<{ name: string; chain: string }>;
}

export type RenewerOf = (installation: Installation) => Renewer;

/** @throws NotInstallable */
export async function certbotRenewer(tools: Tools): Promise<RenewerOf> {
  const program = await tools.pip('certbot');
  return ({ folder, directoryUrl, webPort, clocks, trusted }) => {
    const name = 'certbot.timeline.test';
    const home = join(folder, 'certbot');
    const folders = ['config', 'work', 'logs'].flatMap((each) => [`--${each}-dir`, join(home, each)]);
    const common = [...folders, '--server', directoryUrl, '--non-interactive'];
    const certbot = async (...args: string[]) => {
      const bundle = await trustedFile(folder, await trusted());
      await run(program, args, {
        env: { ...clocks.client.env, FAKETIME_DONT_FAKE_MONOTONIC: '0', REQUESTS_CA_BUNDLE: bundle },
      });
      return { name, chain: await readFile(join(home, 'config/live', name, 'fullchain.pem'), 'utf8') };
    };
    const account = ['--agree-tos', '-m', 'admin@timeline.test', '--no-eff-email'];
    const web = ['--standalone', '--http-01-port', String(webPort), '--http-01-address', '127.0.0.1'];
    return {
      name: 'certbot',
      obtain: () => certbot('certonly', ...common, ...account, ...web, '-d', name),
      renew: () => certbot('renew', ...common, '--force-renewal', '--no-random-sleep-on-renew'),
    };
  };
}

/** @throws NotInstallable */
export async function legoRenewer(tools: Tools): Promise<RenewerOf> {
  const program = await tools.goFrom({ ...LEGO_5, clock: true });
  return ({ folder, directoryUrl, webPort, clocks, trusted }) => {
    const name = 'lego.timeline.test';
    const home = join(folder, 'lego');
    const common = [
      '--server',
      directoryUrl,
      '--email',
      'admin@timeline.test',
      '--path',
      home,
      '--accept-tos',
    ];
    const web = ['--domains', name, '--http', '--http.address', `127.0.0.1:${webPort}`];
    const lego = async (...more: string[]) => {
      const env = {
        LEGO_CA_CERTIFICATES: await trustedFile(folder, await trusted()),
        [GO_CLOCK_AHEAD]: String(Math.round(clocks.client.ahead / 1000)),
      };
      await run(program, ['run', ...common, ...web, ...more], { env });
      return { name, chain: await readFile(join(home, 'certificates', `${name}.crt`), 'utf8') };
    };
    return {
      name: 'lego',
      obtain: () => lego(),
      renew: () => lego('--renew-force', '--no-random-sleep'),
    };
  };
}

async function trustedFile(folder: string, pem: string): Promise<string> {
  const path = join(folder, 'trusted-by-clients.pem');
  await writeFile(path, pem);
  return path;
}
