import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { ReadableStream as WebStream } from 'node:stream/web';
import { Decrypter, Encrypter } from 'age-encryption';
import { extract, type Header, pack } from 'tar-stream';
import { errorMessage } from '../lib/error-message.js';
import { BackupError } from './manifest.js';

/** A file that goes into the archive. */
export interface Entry {
  path: string;
  mode: number;
  size: number;
  /** The content itself, or the file to read it from. */
  content: Buffer | { file: string };
}

/** The beginning of every age file (https://age-encryption.org/v1). */
const AGE = Buffer.from('age-encryption.org/');

/**
 * The archive as a stream: a tar of the entries in their order, encrypted with the passphrase unless that is null. With the
 * passphrase, `age -d FILE | tar x` reads it without uPKI.
 * @param scryptLog work factor of the passphrase, base-2 logarithm
 */
export async function writeArchive(
  entries: readonly Entry[],
  passphrase: string | null,
  scryptLog = 17,
): Promise<Readable> {
  const tar = pack();
  fill(tar, entries).catch((error) => tar.destroy(error));
  const plain = tar.pipe(new Transform({ transform: (chunk, _, done) => done(null, chunk) }));
  tar.on('error', (error) => plain.destroy(error));
  if (passphrase === null) return plain;
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(scryptLog);
  const encrypted = await encrypter.encrypt(Readable.toWeb(plain) as unknown as ReadableStream<Uint8Array>);
  return Readable.fromWeb(encrypted as unknown as WebStream);
}

async function fill(tar: ReturnType<typeof pack>, entries: readonly Entry[]): Promise<void> {
  for (const { path, mode, size, content } of entries) {
    const entry = tar.entry({ name: path, mode, size, type: 'file' });
    if (Buffer.isBuffer(content)) {
      entry.end(content);
      await finished(entry);
    } else {
      await pipeline(createReadStream(content.file), entry);
    }
  }
  tar.finalize();
}

/** Receives one file of an archive; it must read the stream to its end. */
type TakeEntry = (header: { path: string; mode: number; size: number }, content: Readable) => Promise<void>;

/**
 * Reads an archive entry by entry.
 * @throws BackupError for a file that is no backup, another passphrase, or an archive that was cut off or changed
 */
export async function readArchive(file: Readable, passphrase: string | null, take: TakeEntry): Promise<void> {
  const { head, whole } = await peek(file, AGE.length);
  const encrypted = head.equals(AGE);
  if (encrypted && passphrase === null) {
    throw new BackupError(
      'the backup is encrypted: give its passphrase with --passphrase-file or in UPKI_BACKUP_PASSPHRASE',
    );
  }
  const plain = encrypted && passphrase !== null ? await decrypted(whole, passphrase) : whole;
  const tar = extract();
  let entries = 0;
  tar.on('entry', (header, content, next) => {
    entries += 1;
    const asked =
      header.type === 'file'
        ? take(fileOf(header), Readable.from(content, { objectMode: false }))
        : Promise.reject(stranger(header));
    asked.then(
      () => next(),
      (error) => tar.destroy(error),
    );
  });
  try {
    await pipeline(plain, tar);
  } catch (error) {
    throw backupError(error);
  }
  if (entries === 0) throw new BackupError('the file is no backup of uPKI, or it was cut off');
}

const fileOf = ({ name, mode, size }: Header) => ({ path: name, mode: mode ?? 0o600, size: size ?? 0 });

const stranger = ({ name, type }: Header) =>
  new BackupError(`the backup holds ${name}, a ${type}: backups of uPKI hold files only`);

async function decrypted(file: Readable, passphrase: string): Promise<Readable> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    const plain = await decrypter.decrypt(Readable.toWeb(file) as unknown as ReadableStream<Uint8Array>);
    return Readable.fromWeb(plain as unknown as WebStream);
  } catch (error) {
    const why = errorMessage(error);
    if (/no identity matched/i.test(why)) throw new BackupError('the passphrase is not that of this backup');
    throw new BackupError(`the backup cannot be decrypted: ${why}`, { cause: error });
  }
}

/** Keeps file system errors and our own; an error from tar or age means that the archive is damaged. */
function backupError(error: unknown): unknown {
  if (error instanceof BackupError) return error;
  if (error instanceof Error && 'syscall' in error) return error;
  const why = errorMessage(error);
  return new BackupError(`the backup is damaged or was cut off (${why})`, { cause: error });
}

/** The first octets of a stream, and a stream that still contains them. */
async function peek(stream: Readable, count: number): Promise<{ head: Buffer; whole: Readable }> {
  const iterator = stream[Symbol.asyncIterator]();
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < count) {
    const { value, done } = await iterator.next();
    if (done) break;
    chunks.push(Buffer.from(value));
    length += value.length;
  }
  const first = Buffer.concat(chunks);
  async function* all() {
    yield first;
    for (;;) {
      const { value, done } = await iterator.next();
      if (done) return;
      yield value;
    }
  }
  return { head: first.subarray(0, count), whole: Readable.from(all(), { objectMode: false }) };
}

/** Lower-case hex of the SHA-256 of a file. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}
