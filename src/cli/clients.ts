import { join } from 'node:path';
import { Command } from 'commander';
import { CLIENTS } from '../pages/client-lines.js';
import { CannotStart } from '../programs/exit.js';
import { RaFiles } from '../programs/ra/files.js';
import { commonDirectory } from '../programs/settings.js';
import { addExamples } from './help.js';
import { DIRECTORY_FLAG } from './options.js';

/** `upki clients`: prints commands for ACME clients. */
export function clientsCommand(): Command {
  const names = Object.keys(CLIENTS);
  const command = new Command('clients')
    .description(
      'Print the commands with which an ACME client on this machine gets a certificate from the RA here.',
    )
    .argument('[client]', `${names.join(', ')} (default: all)`)
    .option(DIRECTORY_FLAG.flags, 'Data directory of `upki start`, or of an RA alone. (UPKI_DATA_DIR)')
    .option('-n, --name <name>', 'Name for the certificate.')
    .option('--json', 'Print JSON: client to lines.');
  addExamples(command, [
    ['upki clients lego', 'Print the command for lego.'],
    ['upki clients caddy -n app.plant.lan', "Print Caddy's configuration for one name."],
  ]);
  return command.action(async (asked: string | undefined, options: ClientsOptions) => {
    if (asked !== undefined && !Object.hasOwn(CLIENTS, asked))
      return command.error(`error: "${asked}" is not a client known here: ${names.join(', ')}`);
    const authority = await findAuthority(commonDirectory(process.env, options.dir));
    const chosen = Object.entries(CLIENTS)
      .filter(([client]) => asked === undefined || client === asked)
      .map(([client, of]) => ({ client, ...of(authority, options.name) }));
    process.stdout.write(options.json ? asJson(chosen) : asText(chosen, asked === undefined));
  });
}

interface ClientsOptions {
  dir?: string;
  name?: string;
  json?: boolean;
}

interface Chosen {
  client: string;
  title: string;
  lines: string[];
}

const asJson = (chosen: Chosen[]): string =>
  `${JSON.stringify(Object.fromEntries(chosen.map(({ client, lines }) => [client, lines])), null, 2)}\n`;

/** A single client's lines are printed without a title, so that they can be piped into a file. */
const asText = (chosen: Chosen[], titled: boolean): string =>
  chosen
    .map(({ title, lines }) => `${[...(titled ? [`# ${title}`] : []), ...lines].join('\n')}\n`)
    .join('\n');

/** @throws CannotStart when the RA has never served */
async function findAuthority(directory: string) {
  for (const folder of [join(directory, 'ra'), directory]) {
    const files = new RaFiles(folder);
    const url = await files.url();
    if (url !== null) return { directoryUrl: `${url}/acme/directory`, rootPath: files.path('root') };
  }
  throw new CannotStart(
    `no RA has served from ${directory}: run \`upki start\` first, or name another directory with -d`,
  );
}
