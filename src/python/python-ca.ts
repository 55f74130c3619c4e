import type { Logger } from 'pino';
import { reasonName } from '../channel/reasons.js';
import type { Result } from '../channel/tasks/index.js';
import type { TaskClient } from '../channel/typed-client.js';
import { BoundedMap } from '../lib/bounded-map.js';
import { monotonic } from '../lib/monotonic.js';
import { RefreshedValue } from '../lib/refreshed-value.js';
import {
  type AcmeProfile,
  CaLacksTask,
  CaRefused,
  type CertificateAuthority,
  type IssuedCertificate,
  type IssueRequest,
} from '../model/ca.js';
import { identifierKey } from '../model/identifiers.js';
import { told } from '../ra/ca/errors.js';
import type { RaReader } from '../store/contract/readers.js';
import { parseCertificate, subjectAltNames } from '../x509/certificate.js';
import { parseCrl } from '../x509/crl.js';
import { parseCsr } from '../x509/csr.js';
import type { GeneralName } from '../x509/general-names.js';
import { firstFromPem, toPem } from '../x509/pem.js';
import { checkPythonRequest, keyOf } from './python-names.js';
import type { PythonOperations } from './wire.js';

export interface PythonCaOptions {
  client: Pick<TaskClient<PythonOperations>, 'call'>;
  /** The RA's own certificates: that CA knows its own by their Common Name only. */
  records: Pick<RaReader, 'findCertificateBySerial'>;
  log: Pick<Logger, 'warn' | 'error'>;
  now?: () => number;
  /** How long profiles and the CA certificate are taken as known, in ms. */
  cacheFor?: number;
}

/** What a Python CA does, put into our words here; the rest of the interface goes through `CaTasks`. */
export type PythonCaAbilities = Required<Pick<CertificateAuthority, 'check'>> &
  Pick<CertificateAuthority, 'issue' | 'revoke' | 'profiles' | 'caCertificates' | 'crl' | 'ping'>;

type WireName = { type: string; value: string };

const DAY = 86_400_000;
/** Clocks of CA and RA may differ by this much. */
const CLOCK_SKEW = 5 * 60_000;
/** A CRL with less than this left is signed anew: that CA does so only when something is revoked, or when asked. */
const CRL_RENEW_LEFT = 2 * DAY;

/** Common Names of which the newest certificate is remembered. */
const REMEMBERED = 10_000;

/**
 * A Python CA (upki-ca) behind the channel in clear mode, as the RA knows it. It signs whatever it is sent, names
 * certificates by their bare CN, and keeps the newest of a CN only; what follows from that is made good here.
 */
export class PythonCa implements PythonCaAbilities {
  readonly #options: PythonCaOptions;
  readonly #profiles: RefreshedValue<AcmeProfile[]>;
  readonly #root: RefreshedValue<string>;
  readonly #now: () => number;
  /** Serial by Common Name, oldest first: the second-best knowledge, where that CA's `view` does not work. */
  readonly #newest = new BoundedMap<string, string>(REMEMBERED);

  constructor(options: PythonCaOptions) {
    const { now = Date.now, cacheFor = 60_000 } = options;
    this.#options = options;
    this.#now = now;
    this.#profiles = new RefreshedValue(() => this.#askProfiles(), cacheFor, monotonic);
    this.#root = new RefreshedValue(() => this.#call('get_ca', {}), cacheFor, monotonic);
  }

  async check({ csr, identifiers }: Pick<IssueRequest, 'csr' | 'identifiers'>): Promise<void> {
    checkPythonRequest(csr, identifiers);
  }

  /**
   * That CA issues again each time it is asked. So when an earlier answer may have been lost, the certificate it made
   * then is looked for and revoked first: of every order at most one certificate stays valid, and the log tells.
   */
  async issue(request: IssueRequest): Promise<IssuedCertificate> {
    checkPythonRequest(request.csr, request.identifiers);
    const { commonName, publicKey } = parseCsr(request.csr);
    if (request.mayHaveIssuedSince !== undefined && commonName) {
      await this.#revokeLost(commonName, request, request.mayHaveIssuedSince);
    }
    const csr = toPem('CERTIFICATE REQUEST', request.csr);
    const { certificate, serial } = await this.#sign(csr, request.profile);
    const leaf = parseCertificate(firstFromPem('CERTIFICATE', certificate));
    if (!leaf.spki.equals(publicKey.spki) || !sameNames(subjectAltNames(leaf), request)) {
      throw new CaRefused('the certificate authority answered with a certificate for something else');
    }
    if (commonName) this.#newest.set(commonName, serial);
    return { chain: certificate, serial };
  }

  async revoke(serial: string, reason: number | null): Promise<{ already: boolean }> {
    const record = await this.#options.records.findCertificateBySerial(serial);
    if (record === null) {
      throw new CaLacksTask('revoke_serial', 'the Python CA knows certificates by their Common Name only');
    }
    const der = firstFromPem('CERTIFICATE', record.chain);
    const { commonName: cn } = parseCertificate(der);
    if (cn === null) throw new CaRefused('the certificate has no Common Name to revoke it by', 'notFound');
    if (await this.#isListed(serial)) return { already: true };
    const newest = await this.#view(cn);
    const known = typeof newest === 'string' ? this.#newest.get(cn) : newest.serial_number;
    if (known !== undefined && known !== serial) throw reachesNewestOnly(cn);
    await this.#call('revoke', { dn: cn, reason: reasonName(reason ?? 0) ?? 'unspecified' });
    // Where `view` does not work (an old library), this shows which certificate of the name was revoked.
    if (await this.#isListed(serial)) return { already: false };
    this.#options.log.error({ serial, cn }, 'the Python CA revoked another certificate of this name');
    throw reachesNewestOnly(cn);
  }

  profiles(when?: 'now'): Promise<AcmeProfile[]> {
    return when === 'now' ? this.#profiles.renewed() : this.#profiles.get();
  }

  async caCertificates(): Promise<{ root: string; chain: string }> {
    return { root: await this.#root.get(), chain: '' };
  }

  /** The current CRL; a new one when it is about to end, for that CA does not renew it by itself. */
  async crl(): Promise<Uint8Array> {
    const der = Buffer.from(await this.#call('get_crl', {}), 'base64');
    const { nextUpdate } = parseCrl(der);
    if (nextUpdate !== null && nextUpdate - this.#now() > CRL_RENEW_LEFT) return der;
    return Buffer.from(await this.#call('generate_crl', {}), 'base64');
  }

  async ping(): Promise<void> {
    await this.#call('list_profiles', {});
  }

  #call: TaskClient<PythonOperations>['call'] = (task, params) =>
    told(this.#options.client.call(task, params));

  async #sign(csr: string, profile: string): Promise<Result<PythonOperations['sign']>> {
    try {
      return await this.#call('sign', { csr, profile });
    } catch (error) {
      // What it refuses of a CSR that passed our rules, it refuses by a rule of its own.
      const ofCsr = error instanceof CaRefused && !error.message.startsWith('Profile not found');
      throw ofCsr ? new CaRefused(error.message, 'badCSR') : error;
    }
  }

  /** Revokes what an earlier request for the order made, if anything; says so, and says when it cannot tell. */
  async #revokeLost(cn: string, request: IssueRequest, since: number): Promise<void> {
    const { log, records } = this.#options;
    const facts = { cn, orderId: request.orderId };
    const newest = await this.#view(cn);
    if (newest === 'none') return;
    if (newest === 'unknown') {
      log.warn(
        facts,
        'asking the CA again: its "view" does not work, so this order may get a second certificate',
      );
      return;
    }
    const { serial_number: serial, sans } = newest;
    const lost = Date.parse(newest.not_valid_before) >= since - CLOCK_SKEW && sameNames(sans, request);
    if (!lost || (await records.findCertificateBySerial(serial)) !== null) return;
    await this.#call('revoke', { dn: cn, reason: 'superseded' });
    log.warn(
      { ...facts, serial },
      'the answer with this certificate was lost: revoked it, asking for another',
    );
  }

  /** The newest certificate of a CN; `unknown` on old libraries, with which that CA's `view` always fails. */
  async #view(cn: string): Promise<Result<PythonOperations['view']> | 'none' | 'unknown'> {
    try {
      return await this.#call('view', { dn: cn });
    } catch (error) {
      if (!(error instanceof CaRefused)) throw error;
      return error.kind === 'notFound' ? 'none' : 'unknown';
    }
  }

  async #isListed(serial: string): Promise<boolean> {
    const crl = Buffer.from(await this.#call('get_crl', {}), 'base64');
    return parseCrl(crl).entries.some((entry) => entry.serial === serial);
  }

  async #askProfiles(): Promise<AcmeProfile[]> {
    const names = await this.#call('list_profiles', {});
    const profiles = await Promise.all(
      names.map(async (name) => ({ name, ...(await this.#call('get_profile', { profile: name })) })),
    );
    return profiles.filter(isForServers).map(({ name, duration }) => ({
      name,
      description: `Profile ${name} of the Python CA, ${duration} days`,
      maxValidity: duration * DAY,
      fixedValidity: true,
    }));
  }
}

/** As our own CA offers to ACME clients: TLS servers, but neither RAs nor CAs. */
function isForServers(profile: { name: string; keyUsage: string[]; extendedKeyUsage: string[] }): boolean {
  const { name, keyUsage, extendedKeyUsage } = profile;
  return name !== 'ra' && extendedKeyUsage.includes('serverAuth') && !keyUsage.includes('keyCertSign');
}

function sameNames(names: readonly GeneralName[] | WireName[], { identifiers }: IssueRequest): boolean {
  const named = new Set(names.map((name) => ('value' in name ? keyOf(name) : 'other')));
  return named.size === identifiers.length && identifiers.every((each) => named.has(identifierKey(each)));
}

function reachesNewestOnly(cn: string): CaLacksTask {
  return new CaLacksTask(
    'revoke_serial',
    `the Python CA revokes the newest certificate of a name only, and "${cn}" has a newer one`,
  );
}
