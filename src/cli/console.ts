import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CannotStart, WrongUsage } from '../programs/exit.js';
import { DIRECTORY_FLAG, UpkiCommand } from './command.js';
import { readAdministrator, startConsole } from './console-server.js';
import { servedRa } from './on-ra-machine.js';

interface ConsoleOptions {
  url?: string;
  port: string;
}

/** `upki console`: serves the console on this machine, with an administrator's files. */
export function consoleCommand(): UpkiCommand {
  const command = new UpkiCommand('console')
    .description(
      'Serve the console on this machine with the files of an administrator, and print a link that works once. Stops with Ctrl-C.',
    )
    .argument(
      '[folder]',
      'folder of `upki admin add` (default: UPKI_ADMIN, or the only such folder in the current one)',
    )
    .option('--url <url>', "the RA's base URL (default: that of the RA on this machine) (UPKI_URL)")
    .option('--port <port>', 'port on the loopback address (0: any free port)', '0')
    .option(DIRECTORY_FLAG.flags, 'data directory of `upki start`, or of an RA alone (UPKI_DATA_DIR)')
    .examples([
      ['upki console alice', 'Use alice/alice.key, .crt and upki-root.crt with the RA on this machine.'],
      ['upki console alice --url https://pki.plant.lan:8000', 'Use an RA elsewhere.'],
    ]);
  return command.action(async (given: string | undefined, { url, port }: ConsoleOptions) => {
    // Errors of the command line come before those of this machine.
    const wanted = { port: portOf(port), url: url === undefined ? undefined : baseOf(url) };
    const servedHere = async () => (await servedRa(command.directory(), 'name one with --url')).url;
    const folder = resolve(given ?? process.env.UPKI_ADMIN ?? onlyFolder());
    const base = wanted.url ?? baseOf(process.env.UPKI_URL ?? (await servedHere()));
    const administrator = readAdministrator(folder);
    const { link, close } = await startConsole({ administrator, base, port: wanted.port });
    process.stdout.write(
      `The console of ${base} is at\n\n  ${link}\n\nThe link works once. Ctrl-C ends it.\n`,
    );
    await new Promise<void>((end) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => end());
    });
    await close();
  });
}

/** The only folder with an administrator's files in the current one. @throws CannotStart */
function onlyFolder(): string {
  const folders = readdirSync('.', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(entry.name, 'upki-root.crt')))
    .map(({ name }) => name);
  const [only] = folders;
  if (only !== undefined && folders.length === 1) return only;
  throw new CannotStart(
    folders.length === 0
      ? 'there is no folder of an administrator here: name the one that `upki admin add` made'
      : `there are several folders of administrators; name one: ${folders.join(', ')}`,
  );
}

/** @throws WrongUsage */
function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === 'https:') return url.origin;
  throw new WrongUsage(
    `--url is "${text.slice(0, 200)}": it must be an https URL, as https://ra.example.internal:8000`,
  );
}

/** @throws WrongUsage */
function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port >= 0 && port <= 65_535) return port;
  throw new WrongUsage(`--port is "${text.slice(0, 20)}": it must be a port from 0 to 65535`);
}
