import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { makePrivateFolder } from '../../lib/files.js';
import type { Member } from '../authorities/member.js';
import type { Certifier } from '../issue/certifier.js';
import { withKey } from '../token/uri.js';
import { OcspCertificate, type OcspSigner } from './certificate.js';

interface OcspSignersOptions {
  certifier: Certifier;
  /** The CA's folder; each issuer's responder has a file there. */
  dataDir: string;
  /** Encrypts the keys at rest. */
  passphrase: string | null;
  /** URI of a token, or of the key in it, for all responders; null: each has a key in a file. */
  place: string | null;
  log: Logger;
}

/** The OCSP responders, one per issuer. Each is made at its first use, the active issuer's at the start. */
export class OcspSigners {
  readonly #certificates = new Map<string, Promise<OcspCertificate>>();

  constructor(private readonly options: OcspSignersOptions) {}

  /** The responder of an issuer. @throws NotAuthoritative, TaskError; any other error when there is none and none can be made */
  async of(issuer: Member): Promise<OcspSigner> {
    let known = this.#certificates.get(issuer.id);
    if (known === undefined) {
      known = this.#start(issuer);
      this.#certificates.set(issuer.id, known);
      known.catch(() => this.#certificates.delete(issuer.id));
    }
    return (await known).signer();
  }

  async #start(issuer: Member): Promise<OcspCertificate> {
    const { certifier, dataDir, passphrase, log } = this.options;
    const place = this.options.place && withKey(this.options.place, 'upki ocsp');
    const name = issuer.tag === '' ? 'ocsp.pem' : join('issuers', `${issuer.id}.ocsp.pem`);
    const path = join(dataDir, name);
    await makePrivateFolder(dirname(path));
    const certificate = new OcspCertificate({ certifier, issuer, path, passphrase, place, log });
    await certificate.start();
    return certificate;
  }
}
