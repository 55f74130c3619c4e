import { CLIENTS } from '../pages/client-lines.js';
import { DIRECTORY_FLAG, UpkiCommand } from './command.js';
import { servedRa } from './on-ra-machine.js';
import { jsonText, print } from './print.js';

/** `upki clients`: prints commands for ACME clients. */
export function clientsCommand(): UpkiCommand {
  const names = Object.keys(CLIENTS);
  const command = new UpkiCommand('clients')
    .description(
      'Print the commands with which an ACME client on this machine gets a certificate from the RA here.',
    )
    .argument('[client]', `${names.join(', ')} (default: all)`)
    .option(DIRECTORY_FLAG.flags, 'Data directory of `upki start`, or of an RA alone. (UPKI_DATA_DIR)')
    .option('-n, --name <name>', 'Name for the certificate.')
    .option('--json', 'Print JSON: client to lines.')
    .examples([
      ['upki clients lego', 'Print the command for lego.'],
      ['upki clients caddy -n app.plant.lan', "Print Caddy's configuration for one name."],
    ]);
  return command.action(async (asked: string | undefined, options: ClientsOptions) => {
    if (asked !== undefined && !Object.hasOwn(CLIENTS, asked))
      return command.error(`error: "${asked}" is not a client known here: ${names.join(', ')}`);
    const { url, files } = await servedRa(command.directory());
    const authority = { directoryUrl: `${url}/acme/directory`, rootPath: files.path('root') };
    const chosen = Object.entries(CLIENTS)
      .filter(([client]) => asked === undefined || client === asked)
      .map(([client, of]) => ({ client, ...of(authority, options.name) }));
    print(options.json ? asJson(chosen) : asText(chosen, asked === undefined));
  });
}

interface ClientsOptions {
  name?: string;
  json?: boolean;
}

interface Chosen {
  client: string;
  title: string;
  lines: string[];
}

const asJson = (chosen: Chosen[]): string =>
  jsonText(Object.fromEntries(chosen.map(({ client, lines }) => [client, lines])));

/** A single client's lines are printed without a title, so that they can be piped into a file. */
const asText = (chosen: Chosen[], titled: boolean): string =>
  chosen
    .map(({ title, lines }) => `${[...(titled ? [`# ${title}`] : []), ...lines].join('\n')}\n`)
    .join('\n');
