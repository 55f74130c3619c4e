import { X509Certificate } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandOptions, run } from '../../kit/command.js';
import type { Tools } from '../../kit/tools.js';

/** strongSwan's `pki`, whose EST client is made for IPsec gateways; it shares no code with us, libest or curl. */
export async function strongSwan(tools: Tools): Promise<string> {
  const program = await tools.apt('strongswan-pki', 'pki');
  // Plugins in other packages read P-256 keys and fetch CRLs and OCSP.
  const plugins = '/usr/lib/ipsec/plugins';
  await tools.aptPackage('libstrongswan-standard-plugins', `${plugins}/libstrongswan-openssl.so`);
  await tools.aptPackage('libstrongswan-extra-plugins', `${plugins}/libstrongswan-curl.so`);
  return program;
}

export interface EstServer {
  /** Without a trailing slash. */
  baseUrl: string;
  rootPath: string;
}

export interface Enrolled {
  certificate: string;
  key: string;
}

/** One device, in a separate folder. */
export class StrongSwanDevice {
  #count = 0;

  constructor(
    private readonly program: string,
    private readonly server: EstServer,
    private readonly folder: string,
    private readonly log: string,
  ) {}

  /** RFC 7030 §4.1; the subjects of the certificates that the server returns. */
  async caCertificates(): Promise<string[]> {
    await this.#pki('--estca', ...this.#where(), '--caout', this.#file('ca.der'), '--force');
    const files = (await readdir(this.folder)).filter((name) => /^ca.*\.der$/.test(name)).sort();
    const certificates = await Promise.all(files.map((name) => readFile(this.#file(name))));
    return certificates.map((der) => new X509Certificate(der).subject.replaceAll('\n', ', '));
  }

  /** §4.2.1, by name and seed. */
  enrol(name: string, seed: string): Promise<Enrolled> {
    return this.#ask(name, ['--userpass', `${name}:${seed}`]);
  }

  /** §4.2.2, by its current certificate. */
  renew(name: string, { certificate, key }: Enrolled): Promise<Enrolled> {
    return this.#ask(name, ['--cert', certificate, '--key', key]);
  }

  async #ask(name: string, proof: string[]): Promise<Enrolled> {
    this.#count += 1;
    const [key, csr, out] = ['key', 'csr', 'crt'].map((part) => this.#file(`${part}${this.#count}.der`));
    if (!key || !csr || !out) throw new Error('no files');
    await this.#to(key, '--gen', '--type', 'ecdsa', '--size', '256');
    await this.#to(csr, '--req', '--in', key, '--dn', `CN=${name}`, '--san', name);
    const trusted = ['ca.der', 'ca-1.der'].flatMap((file) => ['--cacert', this.#file(file)]);
    await this.#to(out, '--est', ...this.#where(), ...trusted, '--in', csr, ...proof);
    return { certificate: out, key };
  }

  #where(): string[] {
    return ['--url', this.server.baseUrl, '--cacert', this.server.rootPath];
  }

  #file(name: string): string {
    return join(this.folder, name);
  }

  async #to(file: string, ...args: string[]): Promise<void> {
    await this.#pki(...args);
    await writeFile(file, await readFile(this.#file('stdout')));
  }

  /** Its standard output is binary; its messages go to the log. */
  async #pki(...args: string[]): Promise<void> {
    const options: CommandOptions = { cwd: this.folder, log: this.log };
    await run('sh', ['-c', '"$@" > stdout', 'sh', this.program, ...args], options);
  }
}
