import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { authorityId, parseCertificate } from '../../../src/x509/certificate.js';
import { fromPem, toPem } from '../../../src/x509/pem.js';
import { CommandFailed, run } from '../../kit/command.js';
import { until } from '../../kit/until.js';
import type { Installation } from './installation.js';

export type Verdict = 'good' | 'revoked' | 'ended';

/** A revoked certificate, which must never be good again. */
export interface Revoked {
  name: string;
  chain: string;
}

/** Programs check their certificates every ten seconds; a visitor retries until it is served. */
const PATIENCE = 40_000;

/** A client with the right time: it gets certificates and has OpenSSL, with the same clock, verify them. */
export class Witness {
  #visits = 0;
  readonly revoked: Revoked[] = [];

  constructor(private readonly installation: Installation) {}

  /** Gets a certificate over ACME. @throws CommandFailed if that does not succeed in time */
  async obtain(what: 'keep' | 'revoke' = 'keep'): Promise<Revoked> {
    const { directoryUrl, folder, webPort } = this.installation;
    this.#visits += 1;
    const name = `n${this.#visits}.timeline.test`;
    const file = join(folder, `${name}.pem`);
    const trusted = await this.#file('trusted.pem', await this.installation.trusted());
    const visit = join(import.meta.dirname, 'visit.js');
    const args = [visit, directoryUrl, trusted, name, String(webPort), file, what];
    await until(PATIENCE, () => this.#run(process.execPath, args));
    const subject = { name, chain: await readFile(file, 'utf8') };
    if (what === 'revoke') this.revoked.push(subject);
    return subject;
  }

  /** Obtains a certificate; rejects unless its chain, CRLs and OCSP verify by the client's clock. Then checks all revoked certificates. */
  async isServed(): Promise<void> {
    await this.verifies(await this.obtain());
    for (const each of this.revoked) await this.#isNotGood(each);
  }

  /** Like `isServed`, without OCSP: its responses last for hours, and a clock that is a day off dates them to another day. */
  async isIssuedTo(): Promise<void> {
    const subject = await this.obtain();
    const said = await this.#byCrl(subject.chain);
    if (said !== 'good') throw new Error(`OpenSSL says ${said} of ${subject.name}`);
  }

  /** Rejects unless the chain, CRLs and OCSP of a fresh certificate verify by the client's clock. */
  verifies(subject: Revoked): Promise<void> {
    return until(PATIENCE, () => this.#isGood(subject));
  }

  async #isGood({ name, chain }: Revoked): Promise<void> {
    const said = { crl: await this.#byCrl(chain), ocsp: await this.#byOcsp(chain) };
    if (said.crl !== 'good' || said.ocsp !== 'good')
      throw new Error(`${name}, just issued, is ${said.crl} by CRL and ${said.ocsp} by OCSP`);
  }

  async #isNotGood({ name, chain }: Revoked): Promise<void> {
    const crl = await this.#byCrl(chain);
    if (crl === 'good') throw new Error(`${name}, which was revoked, is good by CRL`);
    // After its expiry its issuer may have expired too, and its status is not needed.
    const ocsp = crl === 'ended' ? null : await this.#byOcsp(chain);
    if (ocsp === 'good') throw new Error(`${name}, which was revoked, is good by OCSP`);
  }

  /** `openssl verify` of the whole chain, with the CRL of every CA in it. */
  async #byCrl(chain: string): Promise<Verdict> {
    const { plainUrl } = this.installation;
    const [leaf = Buffer.alloc(0), ...above] = fromPem('CERTIFICATE', chain);
    const roots = fromPem('CERTIFICATE', await this.installation.trusted());
    const crls = await Promise.all(
      [...above, ...roots].map(async (der) => {
        const answer = await fetch(`${plainUrl}/crl/${authorityId(der)}.crl`);
        // The CRL of a root that is no longer published.
        return answer.ok ? toPem('X509 CRL', Buffer.from(await answer.arrayBuffer())) : '';
      }),
    );
    const pem = (all: Buffer[]) => all.map((der) => toPem('CERTIFICATE', der)).join('');
    const args = ['verify', '-crl_check_all', '-x509_strict'];
    args.push('-CAfile', await this.#file('roots.pem', pem(roots)));
    args.push('-CRLfile', await this.#file('crls.pem', crls.join('')));
    args.push('-untrusted', await this.#file('chain.pem', pem(above)));
    args.push(await this.#file('leaf.pem', pem([leaf])));
    try {
      await this.#run('openssl', args);
      return 'good';
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      if (/certificate revoked/.test(error.message)) return 'revoked';
      // Its issuer may have expired as well, or its root may no longer be published.
      if (parseCertificate(leaf).notAfter < this.installation.clocks.client.now()) return 'ended';
      throw error;
    }
  }

  async #byOcsp(chain: string): Promise<Verdict> {
    const [leaf = Buffer.alloc(0), issuer = Buffer.alloc(0)] = fromPem('CERTIFICATE', chain);
    const pem = (der: Buffer) => toPem('CERTIFICATE', der);
    const files = {
      leaf: await this.#file('leaf.pem', pem(leaf)),
      issuer: await this.#file('issuer.pem', pem(issuer)),
      trusted: await this.#file('trusted.pem', (await this.installation.trusted()) + pem(issuer)),
    };
    const words = ['-issuer', files.issuer, '-cert', files.leaf, '-CAfile', files.trusted];
    const url = `${this.installation.plainUrl}/ocsp`;
    const said = await this.#run('sh', ['-c', 'openssl ocsp "$@" 2>&1', 'sh', ...words, '-url', url]);
    const verdict = new RegExp(`^${files.leaf}: (good|revoked)$`, 'm').exec(said)?.[1];
    const isRight = said.includes('Response verify OK') && !/WARNING|Status times invalid/.test(said);
    if (!isRight || (verdict !== 'good' && verdict !== 'revoked')) throw new Error(`openssl ocsp: ${said}`);
    return verdict;
  }

  /** The time of the client's clock. */
  #run(command: string, args: string[]): Promise<string> {
    return run(command, args, { env: this.installation.clocks.client.env });
  }

  async #file(name: string, content: string): Promise<string> {
    const path = join(this.installation.folder, name);
    await writeFile(path, content);
    return path;
  }
}
