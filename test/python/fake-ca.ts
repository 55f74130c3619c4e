import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { Reply } from 'zeromq';
import { type ExactJson, parseExactJson, stringifyJson } from '../../src/lib/json.js';
import { signerFor } from '../../src/x509/algorithms.js';
import { unsignedCrl } from '../../src/x509/crl.js';
import { encodeCrlEntries } from '../../src/x509/crl-entries.js';
import { parseCsr } from '../../src/x509/csr.js';
import { dn, encodeName } from '../../src/x509/name.js';
import { firstFromPem } from '../../src/x509/pem.js';
import { keyIdentifier } from '../../src/x509/spki.js';
import { createTestPki } from '../../tools/kit/test-pki.js';

type Params = Record<string, ExactJson>;
type Task = (params: Params) => ExactJson;

/** One certificate as that CA keeps it: the newest of its Common Name. */
interface Kept {
  pem: string;
  serial: bigint;
  sans: { type: string; value: string }[];
  notBefore: number;
}

const REASONS = [
  ...['unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded'],
  ...['cessationOfOperation', 'certificateHold', 'removeFromCRL', 'privilegeWithdrawn', 'aACompromise'],
];
const PROFILES: Record<string, { duration: number; extendedKeyUsage: string[]; keyUsage: string[] }> = {
  ca: { duration: 3650, extendedKeyUsage: [], keyUsage: ['keyCertSign', 'cRLSign'] },
  ra: { duration: 365, extendedKeyUsage: ['serverAuth', 'clientAuth'], keyUsage: ['digitalSignature'] },
  server: { duration: 60, extendedKeyUsage: ['serverAuth'], keyUsage: ['digitalSignature'] },
  webapp: { duration: 60, extendedKeyUsage: ['serverAuth', 'clientAuth'], keyUsage: ['digitalSignature'] },
  user: { duration: 30, extendedKeyUsage: ['clientAuth'], keyUsage: ['digitalSignature'] },
};

class Refusal extends Error {}

/**
 * The recorded behaviour of upki-ca where a client can tell, over real sockets in clear mode: seventeen tasks and no
 * other, one request at a time, certificates by bare CN, reasons by name, each `sign` a new certificate.
 */
export class PythonCaStandIn {
  readonly seed = 'pythonseed';
  readonly pki = createTestPki('uPKI Root CA');
  /** Requests in the order they came, by task. */
  readonly asked: { task: string; params: Params }[] = [];
  /** With libraries of the recording `view` fails whatever is asked. */
  oldLibrary = false;
  /** Carries out these tasks but answers nobody: a lost answer. */
  mute = new Set<string>();
  /** From now to nextUpdate of the next CRL, in ms. */
  crlLife = 7 * 86_400_000;
  readonly #certificates = new Map<string, Kept>();
  #revoked: { serial: bigint; at: number }[] = [];
  #crl: Buffer | null = null;
  #sockets: Reply[] = [];
  operationsPort = 0;
  registrationPort = 0;

  async start(ports: { operations?: number; registration?: number } = {}): Promise<this> {
    this.operationsPort = await this.#serve(this.#operations(), ports.operations ?? 0);
    this.registrationPort = await this.#serve(
      { register: (params) => this.#register(params) },
      ports.registration ?? 0,
    );
    return this;
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.close();
  }

  /** Serials on the CRL, hex. */
  get revoked(): string[] {
    return this.#revoked.map(({ serial }) => serial.toString(16));
  }

  tasks(name: string): Params[] {
    return this.asked.filter(({ task }) => task === name).map(({ params }) => params);
  }

  async #serve(tasks: Record<string, Task>, port: number): Promise<number> {
    const socket = new Reply({ linger: 0 });
    await socket.bind(`tcp://127.0.0.1:${port}`);
    this.#sockets.push(socket);
    void (async () => {
      for await (const [message] of socket) {
        const { TASK, params } = parseExactJson(Buffer.from(String(message)), 'the request') as {
          TASK: string;
          params: Params;
        };
        this.asked.push({ task: TASK, params });
        const answer = this.#answer(tasks, TASK, params);
        // A REP socket cannot leave a request out; an answer nobody can read is as good as none.
        await socket.send(this.mute.has(TASK) ? 'lost' : stringifyJson(answer));
      }
    })().catch(() => undefined);
    return Number(/:(\d+)$/.exec(socket.lastEndpoint ?? '')?.[1]);
  }

  #answer(tasks: Record<string, Task>, name: string, params: Params): object {
    try {
      const task = tasks[name];
      if (task === undefined) throw new Refusal(`[700] Unknown task: ${name}`);
      return { EVENT: 'ANSWER', DATA: task(params) };
    } catch (error) {
      if (error instanceof Refusal) return { EVENT: 'UPKI ERROR', MSG: error.message };
      throw error;
    }
  }

  #operations(): Record<string, Task> {
    const find = (cn: ExactJson | undefined): Kept => {
      const found = this.#certificates.get(String(cn));
      if (found === undefined) throw new Refusal(`[300] Certificate not found: ${cn}`);
      return found;
    };
    return {
      get_ca: () => this.pki.root,
      get_crl: () => (this.#crl ?? this.#signCrl()).toString('base64'),
      generate_crl: () => this.#signCrl().toString('base64'),
      list_profiles: () => Object.keys(PROFILES),
      get_profile: ({ profile }) => {
        const found = PROFILES[String(profile)];
        if (found === undefined) throw new Refusal(`[500] Profile not found: ${profile}`);
        return found;
      },
      sign: ({ csr }) => this.#sign(String(csr)),
      revoke: ({ dn: cn, reason = 'unspecified' }) => {
        const { serial } = find(cn);
        if (!REASONS.includes(String(reason))) {
          throw new Refusal(`[200] Invalid revocation reason: ${reason}. Allowed values: [...]`);
        }
        this.#revoked.push({ serial, at: Date.now() });
        this.#signCrl();
        return true;
      },
      view: ({ dn: cn }) => {
        const { serial, sans, notBefore } = find(cn);
        if (this.oldLibrary) {
          throw new Refusal("'builtins.Certificate' object has no attribute 'not_valid_before_utc'");
        }
        return { serial_number: serial, sans, not_valid_before: new Date(notBefore).toISOString() };
      },
      list_admins: () => [],
    };
  }

  #register({ seed, cn, sans }: Params): ExactJson {
    if (seed !== this.seed) throw new Refusal('[700] Invalid registration seed');
    const names = (sans as { type: string; value: string }[]).map(({ value }) => value);
    const reserved = names.find((name) => name === 'localhost' || name.includes('::'));
    if (reserved !== undefined) {
      throw new Refusal(`[700] Certificate generation failed: [200] Domain '${reserved}' is reserved`);
    }
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return {
      status: 'registered',
      cn: String(cn),
      profile: 'ra',
      certificate: this.#issue(publicKey, String(cn), names).pem,
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      ca_certificate: this.pki.root,
    };
  }

  #sign(pem: string): ExactJson {
    const csr = parseCsr(firstFromPem('CERTIFICATE REQUEST', pem));
    if (!csr.commonName) throw new Refusal('[300] CSR has no Common Name');
    const names = csr.names.flatMap((name) => (name.type === 'other' ? [] : [name.value]));
    const { pem: certificate, serial } = this.#issue(csr.publicKey.key, csr.commonName, names);
    return { certificate, serial };
  }

  #issue(key: KeyObject, commonName: string, names: string[]): Kept {
    const notBefore = Math.floor(Date.now() / 1000) * 1000;
    const pem = this.pki.certify(key, {
      commonName,
      names,
      notBefore,
      notAfter: notBefore + 60 * 86_400_000,
    });
    const kept = {
      pem,
      serial: BigInt(`0x${new X509Certificate(pem).serialNumber}`),
      sans: names.map((value) => ({ type: /^[\d.]+$/.test(value) ? 'IP' : 'DNS', value })),
      notBefore,
    };
    this.#certificates.set(commonName, kept);
    return kept;
  }

  /** Without reasons; like that CA's, only made when asked for or when something is revoked. */
  #signCrl(): Buffer {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    const now = Date.now();
    const signer = signerFor(privateKey);
    const { toBeSigned, signedWith } = unsignedCrl(
      {
        issuer: encodeName(dn(['CN', 'uPKI Root CA'])),
        authorityKeyIdentifier: keyIdentifier(spki),
        thisUpdate: now,
        nextUpdate: now + this.crlLife,
        number: BigInt(`0x${randomBytes(8).toString('hex')}`),
        entries: [
          encodeCrlEntries(
            this.#revoked.map(({ serial, at }) => ({ serial: evenHex(serial), revokedAt: at, reason: null })),
          ),
        ],
      },
      signer.algorithm,
    );
    this.#crl = signedWith(signer.sign(toBeSigned));
    return this.#crl;
  }
}

function evenHex(serial: bigint): string {
  const hex = serial.toString(16);
  return hex.length % 2 === 0 ? hex : `0${hex}`;
}
