import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Request } from 'zeromq';
import { isOnCrl } from '../interop/crl.js';
import { run } from '../kit/command.js';
import { startTestDns, type TestDns } from '../kit/dns-hooks.js';
import { NotInstallable } from '../kit/tools.js';
import { freePorts, isFree, type RunningUpki, runUpki, startUpki, UPKI } from '../kit/upki.js';
import { type Program, startListening } from './process.js';

/** Up to version 0.1.5, upki-ra always registers on port 5001. */
const CONTRACT_PORT = 5000;

/** The network of the Python programs and ours: a folder, ports, a DNS server, a client. */
export class Scene {
  private constructor(
    readonly folder: string,
    private readonly lego: string,
    private readonly dns: TestDns,
    readonly ports: Record<'ca' | 'front' | 'pythonRa' | 'ra' | 'http' | 'web', number>,
  ) {}

  /** @param fixed uses the CA's standard ports, for programs that always register there. @throws NotInstallable */
  static async open(parent: string, lego: string, fixed: boolean): Promise<Scene> {
    const [front = 0, pythonRa = 0, ra = 0, http = 0, web = 0] = await freePorts(5);
    const ca = fixed ? CONTRACT_PORT : await freePair();
    if (fixed && !((await isFree(ca)) && (await isFree(ca + 1)))) {
      throw new NotInstallable(
        `ports ${ca} and ${ca + 1} are in use, and an upki-ra from source may register only there`,
      );
    }
    const folder = await mkdtemp(join(parent, 'python-upki-'));
    return new Scene(folder, lego, await startTestDns(), { ca, front, pythonRa, ra, http, web });
  }

  get log(): string {
    return join(this.folder, 'commands.log');
  }

  /** Runs lego in a separate folder, with the account stored there. */
  async runLego(server: string, root: string, name: string, ...args: string[]): Promise<string> {
    const common = ['--server', server, '--accept-tos', '--email', 'admin@python.interop', '--path', 'lego'];
    const web = ['--http', '--http.port', `127.0.0.1:${this.ports.web}`];
    return run(this.lego, [...common, '--domains', name, ...web, ...args], {
      cwd: this.folder,
      log: this.log,
      env: { HOME: this.folder, LEGO_CA_CERTIFICATES: root, SSL_CERT_FILE: root },
    });
  }

  /** PEM of the certificate lego has for a name. */
  certificate(name: string): Promise<string> {
    return readFile(this.certificateFile(name), 'utf8');
  }

  certificateFile(name: string): string {
    return join(this.folder, 'lego/certificates', `${name}.crt`);
  }

  /** Runs a command that must fail and returns its output. @throws Error if it succeeds */
  async refused(command: string, args: string[], env: Record<string, string>): Promise<string> {
    try {
      await run(command, args, { cwd: this.folder, log: this.log, env });
    } catch (error) {
      return String(error);
    }
    throw new Error(`${command} ${args.join(' ')} should have been refused`);
  }

  /** The built `upki` command. */
  upki(args: string[], env: Record<string, string> = {}): Promise<string> {
    return runUpki(args, { cwd: this.folder, log: this.log, env: { HOME: this.folder, ...env } });
  }

  /** Starts only our RA, connected to the CA on the scene's port in clear mode. */
  startRa(seed: string): Promise<Program> {
    const { ports } = this;
    return this.#start('our RA', ['ra', 'start'], [ports.ra], {
      UPKI_DATA_DIR: join(this.folder, 'our-ra'),
      UPKI_CA_SEED: seed,
      UPKI_RA_CN: 'ra.ours.interop',
      UPKI_RA_HOST: '127.0.0.1',
      UPKI_RA_PORT: String(ports.ra),
      UPKI_RA_HTTP_PORT: String(ports.http),
      ...this.validation,
    });
  }

  /** Starts only our CA, in clear mode, on the scene's port. */
  startCa(dataDir: string, seed: string): Promise<Program> {
    const { ca } = this.ports;
    return this.#start('our CA', ['ca', 'start'], [ca, ca + 1], {
      UPKI_DATA_DIR: dataDir,
      UPKI_CA_SEED: seed,
    });
  }

  /** Both of our programs, in curve mode, under the URL of the scene's front. */
  startBoth(dataDir: string): Promise<RunningUpki> {
    const { front, http, ca } = this.ports;
    return startUpki({
      dataDir,
      ports: { ra: front, http, ca, registration: ca + 1 },
      env: this.validation,
      timeout: 120_000,
    });
  }

  get validation(): Record<string, string> {
    return { UPKI_VA_RESOLVERS: this.dns.address, UPKI_VA_HTTP_PORT: String(this.ports.web) };
  }

  #start(name: string, args: string[], ports: number[], env: Record<string, string>): Promise<Program> {
    return startListening(process.execPath, [UPKI, ...args], {
      name,
      cwd: this.folder,
      env: {
        HOME: this.folder,
        UPKI_ZMQ_MODE: 'clear',
        UPKI_CA_HOST: '127.0.0.1',
        UPKI_CA_PORT: String(this.ports.ca),
        ...env,
      },
      log: join(this.folder, `${name.replace(' ', '-')}.log`),
      ports,
    });
  }

  /** Sends a task to a socket of the CA, like the Python programs do. */
  async ask(port: number, task: string, params: object): Promise<{ DATA?: never; MSG?: string }> {
    const socket = new Request({ linger: 0, receiveTimeout: 60_000 });
    socket.connect(`tcp://127.0.0.1:${port}`);
    try {
      await socket.send(JSON.stringify({ TASK: task, params }));
      const [answer] = await socket.receive();
      return JSON.parse(String(answer));
    } finally {
      socket.close();
    }
  }

  /** Verifies with OpenSSL that a chain leads to the root and names a host. */
  async verify(chain: string, name: string, root: string): Promise<void> {
    const file = join(this.folder, 'verify.pem');
    await writeFile(file, chain);
    const trust = ['-CAfile', root, '-no-CApath', '-no-CAstore', '-untrusted', file];
    await run('openssl', ['verify', '-verify_hostname', name, ...trust, file]);
  }

  /** Whether a DER CRL that `root` (PEM file) signed lists the leaf of a chain. */
  async isRevoked(crl: Buffer, chain: string, root: string): Promise<boolean> {
    const file = join(this.folder, 'crl.der');
    await writeFile(file, crl);
    const [leaf = ''] = chain.split(/(?<=-----END CERTIFICATE-----\n)/);
    return isOnCrl(file, serialOf(chain), leaf + (await readFile(root, 'utf8')), this.folder);
  }

  async close(): Promise<void> {
    await this.dns.close();
  }

  forget(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

/** Upper-case hex. */
export const serialOf = (chain: string): string => new X509Certificate(chain).serialNumber;

/** Every program registers on the port above the one for operations. */
async function freePair(): Promise<number> {
  for (;;) {
    const [port = 0] = await freePorts(1);
    if (await isFree(port + 1)) return port;
  }
}
