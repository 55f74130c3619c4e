import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { newFolder } from '../../tools/kit/folder.js';
import type { Holder } from '../support/https.js';
import { JoinedWorld, type JoinedWorldOptions } from '../support/world/joined.js';

const run = promisify(execFile);

/** An RA that serves EST, and devices before it that use curl and OpenSSL in a folder of their own. */
export class EstWorld {
  readonly ra: JoinedWorld;
  readonly #folder = newFolder();
  #devices = 0;

  constructor(options: JoinedWorldOptions = {}) {
    this.ra = new JoinedWorld(options);
  }

  async start(): Promise<this> {
    await this.ra.start();
    await this.write('ca.crt', this.ra.root);
    return this;
  }

  async close(): Promise<void> {
    await this.ra.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Ends faults and shifts of the clock. */
  heal(): void {
    for (const fault of Object.keys(this.ra.faults))
      delete this.ra.faults[fault as keyof typeof this.ra.faults];
    this.ra.time.offset = 0;
  }

  file(name: string): string {
    return join(this.#folder, name);
  }

  write(name: string, content: string | Buffer): Promise<void> {
    return writeFile(this.file(name), content);
  }

  openssl(...args: string[]): Promise<{ stdout: string }> {
    return run('openssl', args, { cwd: this.#folder });
  }

  /** The answer as curl prints it, with its headers. */
  async transcript(path: string, ...args: string[]): Promise<string> {
    const url = `${this.ra.base}/.well-known/est/${path}`;
    const { stdout } = await run('curl', ['-sS', '-i', '--cacert', 'ca.crt', ...args, url], {
      cwd: this.#folder,
    });
    return stdout;
  }

  /** Status, headers in lower case, and body of the answer to curl. */
  async curl(path: string, ...args: string[]): Promise<{ status: number; head: string; body: string }> {
    const [head = '', body = ''] = (await this.transcript(path, ...args)).split(/\r\n\r\n([\s\S]*)/);
    return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body };
  }

  /** Sends a file with a request. */
  post(path: string, csr: string, ...args: string[]) {
    return this.curl(path, '-H', 'Content-Type: application/pkcs10', '--data-binary', `@${csr}`, ...args);
  }

  /** A key and a request, base64 in lines. */
  async device(subject: string, san?: string): Promise<{ name: string; key: string; csr: string }> {
    this.#devices += 1;
    const name = `d${this.#devices}`;
    const key = `${name}.key`;
    await this.openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', key);
    return { name, key, csr: await this.request(name, key, subject, san) };
  }

  /** A file with a request for the key in a file, base64 in lines. */
  async request(name: string, key: string, subject: string, san?: string): Promise<string> {
    const names = san === undefined ? [] : ['-addext', `subjectAltName=${san}`];
    const der = ['-outform', 'DER', '-out', `${name}.der`];
    await this.openssl('req', '-new', '-key', key, '-subj', subject, ...names, ...der);
    await this.openssl('base64', '-in', `${name}.der`, '-out', `${name}.b64`);
    return `${name}.b64`;
  }

  /** The certificates that OpenSSL reads in an answer, in their order: leaf first. */
  async certificatesIn(body: string): Promise<X509Certificate[]> {
    await this.write('answer.b64', body);
    await this.openssl('base64', '-d', '-in', 'answer.b64', '-out', 'answer.p7');
    const { stdout } = await this.openssl('pkcs7', '-inform', 'DER', '-in', 'answer.p7', '-print_certs');
    return (stdout.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map(
      (pem) => new X509Certificate(pem),
    );
  }

  async seedOf(cn: string, profile = 'webapp'): Promise<string> {
    return (await this.ra.register({ cn, profile })).seed as string;
  }

  /** A node with its certificate; `as` are curl's arguments to use it. */
  async enrolled(cn: string, profile = 'webapp') {
    const node = await this.ra.enrolled({ cn, profile });
    return { ...node, as: await this.heldBy(cn, node) };
  }

  /** Writes a certificate and its key; curl's arguments to use them. */
  async heldBy(name: string, { key, cert }: Holder): Promise<string[]> {
    await this.write(`${name}.crt`, cert);
    await this.write(`${name}.key`, key);
    return ['--cert', `${name}.crt`, '--key', `${name}.key`];
  }
}
