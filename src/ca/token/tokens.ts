import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { ErrorCode, TaskError } from '../../channel/errors.js';
import { errorMessage } from '../../lib/error-message.js';
import { fileReason } from '../../lib/file-trouble.js';
import { type Signer, signatureOf } from '../../x509/algorithms.js';
import {
  type KeyPlace,
  type TokenCall,
  TokenError,
  type TokenKeySpec,
  type TokenReply,
  type TokenRequest,
  type TokenWorkerData,
} from './protocol.js';
import { parseTokenUri, shownUri } from './uri.js';

/** Vitest runs this file from source, but a thread cannot load TypeScript, so it loads the built file (tools/prepare.mjs). */
const WORKER_URL = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/ca/token/worker.js', import.meta.url)
  : new URL('./worker.js', import.meta.url);

/** Longest wait for a token, in ms. A token on the network may take seconds. */
const PATIENCE = 30_000;

interface Waiting {
  resolve(value: Buffer | null): void;
  reject(error: Error): void;
}

/** The thread of one library, which executes one call after another. */
class TokenThread {
  #worker: Worker | null = null;
  #last = 0;
  readonly #waiting = new Map<number, Waiting>();

  constructor(private readonly modulePath: string) {}

  ask(call: TokenCall): Promise<Buffer | null> {
    const worker = this.#running();
    this.#last += 1;
    const id = this.#last;
    worker.ref();
    const answered = new Promise<Buffer | null>((resolve, reject) =>
      this.#waiting.set(id, { resolve, reject }),
    );
    const timer = setTimeout(
      () => this.#settle(id, (waiting) => waiting.reject(gone('it does not answer'))),
      PATIENCE,
    );
    worker.postMessage({ id, call } satisfies TokenRequest);
    return answered.finally(() => clearTimeout(timer));
  }

  #running(): Worker {
    if (this.#worker !== null) return this.#worker;
    const worker = new Worker(WORKER_URL, {
      workerData: { modulePath: this.modulePath } satisfies TokenWorkerData,
    });
    worker.on('message', (reply: TokenReply) =>
      this.#settle(reply.id, (waiting) => {
        if ('value' in reply) waiting.resolve(reply.value === null ? null : Buffer.from(reply.value));
        else waiting.reject(new TokenError(reply.trouble, reply.message));
      }),
    );
    const lost = () => {
      if (this.#worker === worker) this.#worker = null;
      for (const id of [...this.#waiting.keys()])
        this.#settle(id, (waiting) => waiting.reject(gone('the library of the token ended its thread')));
    };
    worker.on('error', lost);
    worker.on('exit', lost);
    worker.unref();
    this.#worker = worker;
    return worker;
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    // An idle thread does not keep the process running.
    if (this.#waiting.size === 0) this.#worker?.unref();
    if (waiting !== undefined) how(waiting);
  }
}

const gone = (why: string) => new TokenError('absent', why);

/** Threads by library, for the whole process: it can load a PKCS #11 library only once. */
const threads = new Map<string, TokenThread>();
let ownPin: string | null = null;

/** Sets the PIN of tokens whose URI has none. */
export function useTokenPin(pin: string | null): void {
  ownPin = pin;
}

async function ask(text: string, call: (place: KeyPlace) => TokenCall): Promise<Buffer | null> {
  const uri = parseTokenUri(text);
  const pin = uri.pin ?? (uri.pinFile === null ? ownPin : await pinIn(uri.pinFile));
  let thread = threads.get(uri.modulePath);
  if (thread === undefined) {
    thread = new TokenThread(uri.modulePath);
    threads.set(uri.modulePath, thread);
  }
  try {
    return await thread.ask(call({ uri, pin }));
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    throw new TokenError(error.trouble, `${shownUri(text)}: ${error.message}`);
  }
}

async function pinIn(path: string): Promise<string> {
  try {
    const [line = ''] = (await readFile(path, 'utf8')).split(/\r?\n/, 1);
    return line;
  } catch (error) {
    throw new TokenError(
      'setup',
      `the PIN cannot be read from ${path}: ${fileReason(error, path) ?? errorMessage(error)}`,
    );
  }
}

/** DER SubjectPublicKeyInfo of the key that a URI names; null when there is none. @throws TokenError, TokenUriError */
export function findTokenKey(uri: string): Promise<Buffer | null> {
  return ask(uri, (place) => ({ op: 'find', place }));
}

/** Makes a key that never leaves the token. Resolves with its DER SubjectPublicKeyInfo. @throws TokenError, TokenUriError */
export async function makeTokenKey(
  uri: string,
  spec: TokenKeySpec,
  { object, id }: { object: string; id: string },
): Promise<Buffer> {
  const spki = await ask(uri, (place) => ({ op: 'make', place, spec, object, id }));
  if (spki === null) throw new TokenError('setup', `${shownUri(uri)}: the token made no key`);
  return spki;
}

/**
 * Signs in the token, in its own thread. While the token is absent `sign` throws a TaskError of kind `retry`:
 * the caller retries, and the next attempt looks for the token.
 */
export function tokenSigner(uri: string, spki: Buffer): Signer {
  const { algorithmOid, algorithm, hash } = signatureOf(
    createPublicKey({ key: spki, format: 'der', type: 'spki' }),
  );
  return {
    algorithmOid,
    algorithm,
    sign: async (data) => {
      try {
        const signature = await ask(uri, (place) => ({ op: 'sign', place, spki, hash, data }));
        return signature ?? Buffer.alloc(0);
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        throw new TaskError(ErrorCode.certificate, error.message, 'retry');
      }
    },
  };
}
