import { readFile, writeFile } from 'node:fs/promises';
import { get as httpGet } from 'node:http';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Authority, Validation } from '../../interop/authority.js';
import { isOnCrl } from '../../interop/crl.js';
import { type Cluster, startCluster } from '../../kit/cluster.js';
import { PostgresServer } from '../../kit/postgres/server.js';
import { runUpki } from '../../kit/upki.js';

/** An entry of `upki ca status --json`: a root, an issuer or a cross-certificate. */
export interface Known {
  id: string;
  kind: 'root' | 'issuer' | 'cross';
  state: string;
  dn: string;
  certificate: string;
}

/** Two CAs and two RAs on one PostgreSQL, as an authority for clients. */
export class Installation implements Authority {
  #admin: { key: string; cert: string } | null = null;

  private constructor(
    readonly cluster: Cluster,
    private readonly database: PostgresServer,
    private readonly folder: string,
  ) {}

  static async start({ dns, httpPort, tlsPort }: Validation, folder: string): Promise<Installation> {
    const database = await PostgresServer.start();
    const cluster = await startCluster({
      databaseUrl: database.url(),
      ras: 2,
      cas: 2,
      env: {
        UPKI_VA_RESOLVERS: dns,
        UPKI_VA_HTTP_PORT: String(httpPort),
        UPKI_VA_TLS_PORT: String(tlsPort),
      },
    });
    return new Installation(cluster, database, folder);
  }

  get directoryUrl(): string {
    return this.cluster.directoryUrl;
  }

  get serverRoot(): string {
    return join(this.cluster.folder, 'ra1', 'ca.crt');
  }

  get root(): string {
    return this.cluster.rootPem;
  }

  async isRevoked(serial: string, chain: string): Promise<boolean> {
    const crl = join(this.folder, 'revoked.crl');
    const [issuer] = (await this.known()).filter(
      ({ kind, state }) => kind === 'issuer' && state === 'active',
    );
    await writeFile(crl, await this.plain(`/crl/${issuer?.id}.crl`));
    return isOnCrl(crl, serial, chain, this.folder);
  }

  /** The `upki` command on the machine of the first CA. */
  command(...args: string[]): Promise<string> {
    const env = {
      HOME: this.cluster.folder,
      UPKI_DATA_DIR: join(this.cluster.folder, 'ca1'),
      UPKI_CA_DATABASE_URL: this.database.url(),
    };
    return runUpki(args, { env });
  }

  async known(): Promise<Known[]> {
    return JSON.parse(await this.command('ca', 'status', '--json'));
  }

  /** PEM of the published roots, the one in use first. */
  async liveRoots(): Promise<Known[]> {
    const roots = (await this.known()).filter(
      ({ kind, state }) => kind === 'root' && !['retired', 'ended'].includes(state),
    );
    return roots.sort((one, other) => Number(other.state === 'active') - Number(one.state === 'active'));
  }

  /** Fetched from the plain HTTP listeners, through the balancer. */
  plain(path: string): Promise<Buffer> {
    return body(httpGet, `http://127.0.0.1:${this.cluster.front.plainPort}${path}`, {});
  }

  /** Fetched from one RA, trusting only these roots. */
  fromRa(
    ra: number,
    path: string,
    ca: string,
    as: { key: string; cert: string } | null = null,
  ): Promise<Buffer> {
    const agent = new Agent({ ca, ...(as ?? {}) });
    return body(get, `https://localhost:${this.cluster.portOf(ra)}${path}`, { agent }).finally(() =>
      agent.destroy(),
    );
  }

  /** An administrator whose certificate was issued before any change. */
  async admin(): Promise<{ key: string; cert: string }> {
    if (this.#admin === null) {
      await this.command('admin', 'add', 'judge', '--out', this.folder);
      const read = (extension: string) => readFile(join(this.folder, `judge.${extension}`), 'utf8');
      this.#admin = { key: await read('key'), cert: await read('crt') };
    }
    return this.#admin;
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
    await this.database.remove();
  }
}

type Get = typeof get;

function body(ask: Get | typeof httpGet, url: string, options: object): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    ask(url, options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const whole = Buffer.concat(chunks);
        if (answer.statusCode === 200) resolve(whole);
        else
          reject(new Error(`${url} answered ${answer.statusCode}: ${whole.toString('utf8').slice(0, 300)}`));
      });
      answer.on('error', reject);
    }).on('error', reject);
  });
}

/** Whether a TLS client that trusts only these roots (PEM) accepts the server. @throws Error with the reason */
export function tlsTrusts(port: number, ca: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca }, () => {
      socket.end();
      resolve();
    });
    socket.on('error', reject);
  });
}
