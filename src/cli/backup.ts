import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBackup } from '../backup/create.js';
import { findInstallation, type Installation, isInside } from '../backup/layout.js';
import { BackupError, type Manifest } from '../backup/manifest.js';
import { restoreBackup } from '../backup/restore.js';
import { verifyBackup } from '../backup/verify.js';
import { loadSettings } from '../config/index.js';
import { fileTrouble } from '../lib/file-trouble.js';
import { noteBackup } from '../lib/last-backup.js';
import { FileExists, writeNewFile } from '../lib/new-file.js';
import { version } from '../lib/version.js';
import { CannotStart, CommandRefused, WrongUsage } from '../programs/exit.js';
import { UpkiCommand } from './command.js';
import { readGiven } from './given-file.js';
import { print, warn } from './print.js';

/** A shorter passphrase could be guessed from a stolen backup. */
const MIN_PASSPHRASE = 12;
const PASSPHRASE = '--passphrase-file <file>';
const PASSPHRASE_HELP =
  'file with the passphrase in its first line (default: UPKI_BACKUP_PASSPHRASE or UPKI_BACKUP_PASSPHRASE_FILE)';

interface BackupFlags {
  passphraseFile?: string;
  plain?: boolean;
  replace?: boolean;
}

interface VerifyFlags {
  passphraseFile?: string;
  temporary: string;
  json?: boolean;
}

/** `upki backup …`: writes everything that cannot be recreated to one encrypted file, while the programs run. */
export function backupCommand(): UpkiCommand {
  const command = new UpkiCommand('backup')
    .argument('[file]', 'file to write; - is standard output')
    .description(
      'Write keys, certificates, profiles, settings and a snapshot of the databases to an encrypted file, while the programs run.',
    )
    .settings(['ca', 'ra'])
    .option(PASSPHRASE, PASSPHRASE_HELP)
    .option('--plain', 'do not encrypt the backup: anyone who reads it can sign as this CA')
    .addCommand(verifyCommand())
    .examples([
      ['upki backup /mnt/backup/upki.age --passphrase-file /root/passphrase', 'While `upki start` runs.'],
      [
        'upki backup - | ssh other "cat > upki.age"',
        'To another machine, with the passphrase in UPKI_BACKUP_PASSPHRASE.',
      ],
      ['upki backup verify upki.age', 'Read the backup and verify everything, without restoring it.'],
    ]);
  return command.action(async (file: string | undefined, { passphraseFile, plain }: BackupFlags) => {
    if (file === undefined) throw new WrongUsage('give the file to write, or - for standard output');
    const passphrase = plain ? null : await passphraseFrom(passphraseFile);
    if (passphrase === null && !plain) {
      throw new CannotStart(
        'a backup contains the keys of the CA and is encrypted: give a passphrase with --passphrase-file or UPKI_BACKUP_PASSPHRASE ' +
          '(do not keep it with the backup), or --plain to leave it unencrypted',
      );
    }
    const directory = command.directory();
    const installation = await findInstallation(directory, process.env);
    if (file !== '-') await refuseTarget(installation, resolve(file));
    const made = await mendable(() =>
      createBackup({ installation, passphrase, version: version(), progress: warn, clock: Date.now }),
    );
    try {
      if (file === '-') await toStandardOutput(made.stream);
      else await writeWhole(made.stream, resolve(file));
    } finally {
      await made.discard();
    }
    await noteBackup(directory, Date.parse(made.manifest.createdAt)).catch((error: Error) =>
      warn(`upki status will not show this backup: ${error.message}`),
    );
    warn(`the backup is complete: ${summary(made.manifest)}`);
  });
}

function verifyCommand(): UpkiCommand {
  const command = new UpkiCommand('verify')
    .argument('<file>', 'the backup; - is standard input')
    .description(
      'Read a backup, compare every file with its hash, and check databases and audit logs, without restoring anything.',
    )
    .option(PASSPHRASE, PASSPHRASE_HELP)
    .option(
      '--temporary <folder>',
      'folder with enough space for the databases',
      process.env.TMPDIR ?? '/tmp',
    )
    .option('--json', 'print JSON: when it was made, and what is in it')
    .examples([
      [
        'upki backup verify upki.age --passphrase-file /root/passphrase',
        'Exit with 1 and print the reason if it is damaged.',
      ],
    ]);
  return command.action(async (file: string) => {
    // The option may come before or after `verify`.
    const { passphraseFile, temporary, json } = command.optsWithGlobals<VerifyFlags>();
    const passphrase = await passphraseFrom(passphraseFile);
    const manifest = await mendable(
      async () => verifyBackup({ file: await reading(file), passphrase, progress: warn }, temporary),
      CommandRefused,
    );
    print(
      json
        ? `${JSON.stringify(asJson(manifest))}\n`
        : `The backup of ${manifest.createdAt} is complete: ${summary(manifest)}\n`,
    );
  });
}

/** `upki restore`: restores a backup. */
export function restoreCommand(): UpkiCommand {
  const command = new UpkiCommand('restore')
    .argument('<file>', 'the backup; - is standard input')
    .description('Restore a backup, completely or not at all. No program may run on the directory.')
    .settings(['ca', 'ra'])
    .option(PASSPHRASE, PASSPHRASE_HELP)
    .option('--replace', 'set aside the existing files in the directory; without this they are an error')
    .examples([
      [
        'upki restore upki.age --passphrase-file /root/passphrase',
        'Restore into the directory of `upki start`.',
      ],
      [
        'upki restore upki.age -d /srv/pki --replace',
        'Replace the existing files, which are kept under another name.',
      ],
    ]);
  return command.action(async (file: string, { passphraseFile, replace = false }: BackupFlags) => {
    const passphrase = await passphraseFrom(passphraseFile);
    const directory = command.directory();
    const { manifest, setAside } = await mendable(async () =>
      restoreBackup({
        file: await reading(file),
        passphrase,
        directory,
        replace,
        progress: warn,
        clock: Date.now,
      }),
    );
    for (const path of setAside) warn(`the previous files are now in ${path}`);
    print(
      `Restored into ${directory}: ${summary(manifest)}\n` +
        `Certificates and revocations after ${manifest.createdAt} are lost. The next start publishes a new CRL. OCSP logs requests for ` +
        'unknown certificates; `upki cert import FILE` adds such a certificate again, so that it can be revoked.\n' +
        Object.entries(manifest.databases)
          .filter(([, database]) => database?.kind === 'postgres')
          .map(
            ([part]) =>
              `The ${part.toUpperCase()}'s database is in PostgreSQL: restore it from its own backup.\n`,
          )
          .join(''),
    );
  });
}

function summary(manifest: Manifest): string {
  const { files, octets, audit_heads: heads } = asJson(manifest);
  return `${files} files, ${octets} octets, audit heads ${heads.join(', ') || 'none'}`;
}

const asJson = ({ createdAt, files, databases }: Manifest) => ({
  created_at: createdAt,
  files: files.length,
  octets: files.reduce((sum, { size }) => sum + size, 0),
  audit_heads: Object.values(databases)
    .flatMap((database) => database?.audit ?? [])
    .map(({ chain, sequence }) => `${chain}:${sequence}`),
});

/** Reads the passphrase; null when none is given. @throws CannotStart when it is too short or cannot be read */
async function passphraseFrom(file: string | undefined): Promise<string | null> {
  const text =
    file === undefined
      ? loadSettings({ program: 'ca', env: process.env }).settings.backupPassphrase
      : (await readGiven('--passphrase-file', file)).toString();
  if (text === null) return null;
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line.length >= MIN_PASSPHRASE) return line;
  throw new CannotStart(`the passphrase of a backup must have at least ${MIN_PASSPHRASE} characters`);
}

/** Opens the file before it is read, so that a missing file gets a clear error. */
async function reading(file: string): Promise<Readable> {
  return file === '-' ? process.stdin : (await open(file)).createReadStream();
}

/** @throws CannotStart */
async function refuseTarget(installation: Installation, file: string): Promise<void> {
  if (existsSync(file)) throw alreadyThere(file);
  if (await isInside(installation, file)) {
    throw new CannotStart(
      `${file} is in a folder that is backed up, so every backup would contain the ones before it: give a file in another folder`,
    );
  }
}

const alreadyThere = (file: string) =>
  new CannotStart(`${file} already exists: a backup never overwrites another`);

/** @throws CommandRefused when its reader ended too early, or the disk is full */
async function toStandardOutput(stream: Readable): Promise<void> {
  await pipeline(stream, process.stdout, { end: false }).catch((error: NodeJS.ErrnoException) => {
    if (error.syscall !== 'write') throw error;
    throw new CommandRefused(
      `the backup is incomplete: ${fileTrouble(error, 'standard output') ?? error.message}`,
    );
  });
}

/** @throws CannotStart when another command has written the file meanwhile */
async function writeWhole(stream: Readable, path: string): Promise<void> {
  try {
    await writeNewFile(path, async (file) => {
      for await (const chunk of stream) await file.writeFile(chunk);
    });
  } catch (error) {
    throw error instanceof FileExists ? alreadyThere(path) : error;
  }
}

/** Turns errors that the operator can fix into a kind of error whose message has no stack trace. */
async function mendable<T>(
  work: () => Promise<T>,
  Kind: typeof CannotStart | typeof CommandRefused = CannotStart,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupError) throw new Kind(error.message, { cause: error });
    throw error;
  }
}
