import type { KeyObject } from 'node:crypto';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { type OpenAuthorities, openAuthorities } from '../../../src/ca/authorities/open.js';
import { type InitOptions, initCaFiles, loadCaFiles } from '../../../src/ca/folder/files.js';
import { type Certifier, certificatePem } from '../../../src/ca/issue/certifier.js';
import { enrolAdministrator, openLocalCa, openLocalStore } from '../../../src/ca/local-access.js';
import {
  ChannelClient,
  type ChannelClientOptions,
  type ClientSecurity,
} from '../../../src/channel/client.js';
import { type CurveKeyPair, newCurveKeyPair, registrationKeys } from '../../../src/channel/curve-keys.js';
import { introductionProof } from '../../../src/channel/introduction.js';
import { operations, registration } from '../../../src/channel/tasks/index.js';
import { TaskClient } from '../../../src/channel/typed-client.js';
import type { AdminRole } from '../../../src/model/administrators.js';
import type { CaOptions } from '../../../src/programs/ca/options.js';
import { type RunningCa, runCa } from '../../../src/programs/ca/program.js';
import { PROGRAM } from '../../../src/store/contract/audit.js';
import type { CaStore } from '../../../src/store/contract/ca.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { requestPem } from '../requests.js';

export const SEED = 'a-seed-for-tests-of-some-length';

export function initOptions(dataDir: string, changes: Partial<InitOptions> = {}): InitOptions {
  return {
    dataDir,
    company: 'Test',
    keyType: 'ec',
    passphrase: null,
    imported: null,
    seed: SEED,
    publicUrl: 'http://pki.example.test',
    clock: Date.now,
    ...changes,
  };
}

/** A CA that listens on loopback, and clients of its sockets. */
export class CaWorld {
  readonly #clients: ChannelClient[] = [];
  #folder: string | null = null;
  #running: RunningCa | null = null;

  /** `copyOf`: another CA, whose folder is copied. With `dataDir` in `changes` the CA of that folder is served. */
  constructor(
    readonly changes: Partial<CaOptions> = {},
    readonly init: Partial<InitOptions> = {},
    private readonly copyOf: CaWorld | null = null,
    /** Profiles in addition to the built-in ones: YAML by name. */
    private readonly profiles: Record<string, string> = {},
  ) {}

  get running(): RunningCa {
    if (this.#running === null) throw new Error('the CA does not run');
    return this.#running;
  }

  get dataDir(): string {
    return this.changes.dataDir ?? this.#folder ?? '';
  }

  async start(): Promise<this> {
    if (this.dataDir === '') {
      this.#folder = newFolder();
      if (this.copyOf) await cp(this.copyOf.dataDir, this.#folder, { recursive: true });
      else await initCaFiles(initOptions(this.#folder, this.init));
      const profiles = join(this.dataDir, 'profiles');
      if (Object.keys(this.profiles).length > 0) await mkdir(profiles, { recursive: true });
      for (const [name, yaml] of Object.entries(this.profiles))
        await writeFile(join(profiles, `${name}.yml`), yaml);
    }
    this.#running = await runCa({
      dataDir: this.dataDir,
      host: '127.0.0.1',
      operationsPort: 0,
      registrationPort: 0,
      mode: 'curve',
      clearAny: false,
      seed: null,
      databaseUrl: null,
      passphrase: null,
      company: null,
      publicUrl: 'http://pki.example.test',
      adminsByRa: true,
      crlValidity: 7 * 86_400_000,
      ocspValidity: 12 * 3600_000,
      log: pino({ level: 'silent' }),
      ...this.changes,
    });
    return this;
  }

  async stop(): Promise<void> {
    await this.#running?.close();
    this.#running = null;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.stop();
    if (this.#folder !== null) await rm(this.#folder, { recursive: true, force: true });
  }

  registration(seed = SEED): TaskClient<typeof registration> {
    const keys = registrationKeys(seed);
    const security: ClientSecurity =
      this.changes.mode === 'clear'
        ? { mode: 'clear' }
        : { mode: 'curve', serverKey: keys.server.publicKey, keys: keys.client };
    return new TaskClient(registration, this.#client(this.running.registrationPort, security));
  }

  /** The address of its operations socket. */
  get endpoint(): string {
    return `tcp://127.0.0.1:${this.running.operationsPort}`;
  }

  /** A client of the operations socket. By default it introduces itself like an RA; `greeting` null sends no greeting. */
  operations(
    keys: CurveKeyPair,
    greeting: ChannelClientOptions['greeting'] | null = {
      task: 'introduce',
      params: {
        public_key: keys.publicKey,
        proof: introductionProof(keys, this.running.operationsPublicKey),
      },
    },
  ): TaskClient<typeof operations> {
    const serverKey = this.running.operationsPublicKey;
    const security: ClientSecurity =
      this.changes.mode === 'clear' ? { mode: 'clear' } : { mode: 'curve', serverKey, keys };
    return new TaskClient(operations, this.#client(this.running.operationsPort, security, greeting));
  }

  /** Registers an RA with its own CSR and returns its client of the operations socket. */
  async registered(cn = 'ra.example.test'): Promise<TaskClient<typeof operations>> {
    const keys = newCurveKeyPair();
    await this.registration().call('register', {
      cn,
      csr: requestPem([cn]),
      curve_public_key: keys.publicKey,
      seed: this.changes.mode === 'clear' ? SEED : '',
    });
    return this.operations(keys);
  }

  /** Does work as a command on the CA's machine does, while the CA runs. */
  async onMachine<T>(work: (certifier: Certifier) => Promise<T>): Promise<T> {
    const store = await openLocalStore(this.dataDir, this.changes.databaseUrl ?? null);
    try {
      const { passphrase = null } = this.changes;
      const settings = { publicUrl: 'http://pki.example.test', company: null };
      return await work(
        await openLocalCa(store, {
          dataDir: this.dataDir,
          passphrase,
          clock: Date.now,
          shared: false,
          log: pino({ level: 'silent' }),
          ...settings,
        }),
      );
    } finally {
      await store.close();
    }
  }

  /** Works with the roots and issuers as a command does, while the CA runs. */
  async onSet<T>(
    work: (local: OpenAuthorities, store: CaStore) => Promise<T>,
    clock: () => number = Date.now,
  ): Promise<T> {
    const { databaseUrl = null, passphrase = null } = this.changes;
    const store = await openLocalStore(this.dataDir, databaseUrl);
    try {
      const files = await loadCaFiles({ dataDir: this.dataDir, passphrase, seed: null });
      const local = await openAuthorities(store, files, {
        ...{ dataDir: this.dataDir, passphrase, clock, succeedAt: 0.5 },
        publicUrl: 'http://pki.example.test',
        shared: databaseUrl !== null,
        log: pino({ level: 'silent' }),
      });
      return await work(local, store);
    } finally {
      await store.close();
    }
  }

  /** Does `upki admin add` for a key; returns the certificate and its chain in PEM, leaf first. */
  async administrator(cn: string, key: KeyObject, role: AdminRole | null = null): Promise<string> {
    const csr = requestPem([], { key, cn });
    return this.onMachine(async (certifier) => {
      const { certificate } = await enrolAdministrator(certifier, { name: cn, role, csr, by: PROGRAM });
      return certificatePem(certificate) + certifier.chainPem;
    });
  }

  #client(
    port: number | null,
    security: ClientSecurity,
    greeting: ChannelClientOptions['greeting'] | null = null,
  ): ChannelClient {
    const endpoint = `tcp://127.0.0.1:${port}`;
    const client = new ChannelClient({ endpoint, security, ...(greeting !== null && { greeting }) });
    this.#clients.push(client);
    return client;
  }
}
