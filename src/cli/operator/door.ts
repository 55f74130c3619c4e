import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Option } from 'commander';
import { pino } from 'pino';
import { namesIn } from '../../lib/files.js';
import { startCa } from '../../programs/ca/start.js';
import { CannotStart, WrongUsage } from '../../programs/exit.js';
import { openAll } from '../../programs/opened.js';
import { controlSocket } from '../../programs/ra/control.js';
import { startRa } from '../../programs/ra/program.js';
import { commonDirectory, loadProgramSettings } from '../../programs/settings.js';
import { joinPrograms } from '../../programs/start-environment.js';
import { userName } from '../../programs/user-name.js';
import type { UpkiCommand } from '../command.js';
import { exchange } from '../http.js';
import { raFolders } from '../on-ra-machine.js';

/**
 * Access of commands to the private REST routes. On the RA's machine: over the socket of a running RA; without a running RA,
 * the command itself opens the RA without other listeners. From elsewhere: over HTTPS with an administrator's files.
 */
export interface Door {
  ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Answered>;
  close(): Promise<void>;
}

interface Answered {
  type: string;
  content: Buffer;
  // biome-ignore lint/suspicious/noExplicitAny: each command knows the answer of its route
  data: any;
}

/** The RA refused the request. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

export interface DoorOptions {
  dir?: string;
  url?: string;
  admin?: string;
}

const TIME_LIMIT = 60_000;

export function addDoorOptions(command: UpkiCommand): UpkiCommand {
  return command
    .option('-d, --dir <path>', 'Data directory of `upki start`, or of an RA alone. (UPKI_DATA_DIR)')
    .option('--url <url>', 'Use the RA at this base URL instead, with the files of an administrator.')
    .addOption(
      new Option('--admin <folder>', "The administrator's files of `upki admin add`, for --url.").env(
        'UPKI_ADMIN',
      ),
    )
    .option('--json', 'Print JSON.');
}

/** @throws CannotStart when no RA is found */
export async function openDoor({ dir, url, admin }: DoorOptions): Promise<Door> {
  if (url !== undefined) return overHttps(url, admin);
  const dataDir = await raFolder(commonDirectory(process.env, dir));
  const socket = overSocket(controlSocket(dataDir));
  if (await answers(socket)) return socket;
  return opened(dataDir, socket);
}

async function overHttps(url: string, admin: string | undefined): Promise<Door> {
  if (admin === undefined) {
    throw new WrongUsage(
      '--url wants the files of an administrator: name their folder with --admin or UPKI_ADMIN',
    );
  }
  const base = URL.canParse(url) ? new URL(url) : null;
  if (base?.protocol !== 'https:') {
    throw new WrongUsage(
      `--url is ${JSON.stringify(url)}: it must be an https URL, such as https://pki.example.internal:8000`,
    );
  }
  const connection = {
    ...{ tls: true, host: base.hostname.replace(/^\[|\]$/g, ''), port: base.port || 443 },
    ...(await adminFiles(admin)),
  };
  return { close: async () => {}, ask: (...request) => askOver(connection, request) };
}

/** Reads a folder of `upki admin add`, or files given by their path without extension. */
async function adminFiles(path: string): Promise<{ key: Buffer; cert: Buffer; ca: Buffer }> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const keys = isFolder ? (await readdir(path)).filter((name) => name.endsWith('.key')) : [];
  if (isFolder && keys.length !== 1) {
    throw new CannotStart(
      `${path} contains ${keys.length} keys: name the files of one administrator, without their extension`,
    );
  }
  const stem = isFolder
    ? join(path, keys[0]?.slice(0, -'.key'.length) ?? '')
    : path.replace(/\.(key|crt)$/, '');
  const [key, cert, ca] = await Promise.all([
    readFile(`${stem}.key`),
    readFile(`${stem}.crt`),
    readFile(join(dirname(stem), 'upki-root.crt')),
  ]);
  return { key, cert, ca };
}

function overSocket(socketPath: string): Door {
  const connection = { tls: false, socketPath, headers: { 'x-upki-operator': userName() } };
  return { close: async () => {}, ask: (...request) => askOver(connection, request) };
}

async function answers(door: Door): Promise<boolean> {
  return door.ask('GET', '/public/health').then(
    () => true,
    (error) => error instanceof OperationRefused,
  );
}

/** Opens the stopped programs of this machine for the duration of the command. */
async function opened(dataDir: string, socket: Door): Promise<Door> {
  const log = pino({ level: 'silent' });
  const { close } = await openAll(async (onClose) => {
    const { ra, ca } = await localPrograms(dataDir);
    // A running CA has locked its folder, and answers the RA itself.
    const started = ca && (await startCa(ca, log, 'both', false).catch(() => null));
    if (started) onClose(() => started.stop());
    const { stop } = await startRa(ra.settings, log, 'command');
    onClose(stop);
  });
  return { ask: socket.ask, close };
}

/** The programs with the settings of `upki start`; only the RA when there is no CA next to it. */
async function localPrograms(raDirectory: string) {
  const caDirectory = join(dirname(raDirectory), 'ca');
  const ra = loadProgramSettings('ra', process.env, { dataDir: raDirectory });
  if (!existsSync(join(caDirectory, 'ca.db'))) return { ra, ca: null };
  const ca = loadProgramSettings('ca', process.env, { dataDir: caDirectory });
  // The ports are in use: the CA runs outside `upki start`.
  const joined = await joinPrograms(process.env, ra.settings, ca.settings).catch(() => null);
  if (joined === null) return { ra, ca: null };
  return {
    ra: loadProgramSettings('ra', joined.ra, { dataDir: raDirectory }),
    ca: loadProgramSettings('ca', joined.ca, { dataDir: caDirectory }),
  };
}

/**
 * The RA's folder.
 * @throws CannotStart when no RA has been registered in the directory; NodeJS.ErrnoException when this user may not read it
 */
async function raFolder(directory: string): Promise<string> {
  for (const folder of raFolders(directory)) {
    if ((await namesIn(folder)).includes('ra.crt')) return folder;
  }
  throw new CannotStart(
    `no RA has been registered in ${directory}: name another directory with -d, or an RA elsewhere with --url and --admin`,
  );
}

/** Sends a request to the REST API. @throws OperationRefused */
async function askOver(
  connection: Pick<Parameters<typeof exchange>[0], 'tls' | 'headers'> & object,
  [method, path, body]: Parameters<Door['ask']>,
): Promise<Answered> {
  const { type, content } = await exchange({
    ...{ ...connection, method, path: `/api/v1${path}`, timeLimit: TIME_LIMIT },
    headers: { ...connection.headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return read(type, content);
}

/** @throws OperationRefused */
function read(type: string, content: Buffer): Answered {
  if (!type.startsWith('application/json')) return { type, content, data: null };
  const { status, data, message, code, field } = JSON.parse(content.toString());
  if (status === 'success') return { type, content, data };
  const isNamed = field === undefined || message.startsWith(`"${field}"`);
  throw new OperationRefused(isNamed ? message : `${field}: ${message}`, code);
}
