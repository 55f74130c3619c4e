import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openssl } from '../openssl-root.js';

/** A root that openssl keeps in a folder, as a CA elsewhere would. */
export class OpensslSigner {
  readonly certificate: string;
  readonly #key: string;

  constructor(
    readonly folder: string,
    readonly name = 'Plant Root',
    options: { extensions?: string; days?: number; key?: string[]; hash?: string } = {},
  ) {
    const base = join(folder, name.replaceAll(/\W/g, '-'));
    [this.#key, this.certificate] = [`${base}.key`, `${base}.crt`];
    const { key = ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'], days = 4000, hash = 'sha256' } = options;
    openssl('genpkey', '-algorithm', ...key, '-out', this.#key);
    const extensions =
      options.extensions ?? 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign';
    openssl(
      ...[
        'req',
        '-x509',
        '-new',
        '-key',
        this.#key,
        '-subj',
        `/O=Plant/CN=${name}`,
        '-days',
        String(days),
        `-${hash}`,
      ],
      ...extensions.split('\n').flatMap((line) => ['-addext', line]),
      ...['-out', this.certificate],
    );
  }

  /** PEM file of a certificate for a request. */
  sign(
    request: string,
    extensions: string,
    { days = 1825, hash = 'sha256', out = 'issuer.crt' } = {},
  ): string {
    const [file, text] = [join(this.folder, out), join(this.folder, 'extensions.cnf')];
    writeFileSync(text, extensions);
    openssl(
      ...['x509', '-req', '-in', request, '-CA', this.certificate, '-CAkey', this.#key, '-CAcreateserial'],
      ...['-days', String(days), `-${hash}`, '-extfile', text, '-out', file],
    );
    return file;
  }

  /** A request of openssl's own, for a CA between the root and the issuer. */
  request(name: string): { request: string; key: string } {
    const [request, key] = [join(this.folder, `${name}.csr`), join(this.folder, `${name}.key`)];
    openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', key);
    openssl('req', '-new', '-key', key, '-subj', `/O=Plant/CN=${name}`, '-out', request);
    return { request, key };
  }

  /** A CRL (PEM file) that revokes nothing, or these certificates. */
  crl(out: string, { days = 200, revoke = [] as string[] } = {}): string {
    const at = (name: string) => join(this.folder, name);
    writeFileSync(at('index.txt'), '', { flag: 'a' });
    writeFileSync(at('index.txt.attr'), 'unique_subject = no\n');
    writeFileSync(
      at('ca.cnf'),
      `[ca]\ndefault_ca = d\n[d]\ndatabase = ${at('index.txt')}\ncrlnumber = ${at('crlnumber')}\ndefault_md = sha256\n[x]\n`,
    );
    writeFileSync(at('crlnumber'), '1000\n', { flag: 'a' });
    const words = ['ca', '-config', at('ca.cnf'), '-keyfile', this.#key, '-cert', this.certificate];
    for (const each of revoke) openssl(...words, '-revoke', each);
    openssl(...words, '-gencrl', '-crldays', String(days), '-out', at(out));
    return at(out);
  }
}

export const ISSUER =
  'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n';
