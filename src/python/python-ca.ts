import type { Logger } from 'pino';
import { reasonName } from '../channel/reasons.js';
import type { Result } from '../channel/tasks/index.js';
import type { TaskClient } from '../channel/typed-client.js';
import { BoundedMap } from '../lib/bounded-map.js';
import { monotonic } from '../lib/monotonic.js';
import { RefreshedValue } from '../lib/refreshed-value.js';
import { DAY } from '../lib/time.js';
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

interface PythonCaOptions {
  client: Pick<TaskClient<PythonOperations>, 'call'>;
  /** The RA's records of certificates; the Python CA finds its own by Common Name only. */
  records: Pick<RaReader, 'findCertificateBySerial'>;
  log: Pick<Logger, 'warn' | 'error'>;
  now?: () => number;
  /** How long profiles and the CA certificate are cached, in ms. */
  cacheFor?: number;
}

/** The methods that differ for a Python CA; the rest of the interface uses `CaTasks`. */
export type PythonCaAbilities = Required<Pick<CertificateAuthority, 'check'>> &
  Pick<CertificateAuthority, 'issue' | 'revoke' | 'profiles' | 'caCertificates' | 'crl' | 'ping'>;

type WireName = { type: string; value: string };

/** Allowed difference between the clocks of CA and RA. */
const CLOCK_SKEW = 5 * 60_000;
/** A CRL with less time left is renewed: the Python CA renews it only after a revocation or on request. */
const CRL_RENEW_LEFT = 2 * DAY;

/** Limit of Common Names whose newest certificate is cached. */
const REMEMBERED = 10_000;

/**
 * A Python CA (upki-ca) behind the channel in clear mode. It signs any request, identifies certificates by their bare CN, and
 * keeps only the newest of a CN. This class compensates for that.
 */
export class PythonCa implements PythonCaAbilities {
  readonly #options: PythonCaOptions;
  readonly #profiles: RefreshedValue<AcmeProfile[]>;
  readonly #root: RefreshedValue<string>;
  readonly #now: () => number;
  /** Serials by Common Name, oldest first. Used when the CA's `view` does not work. */
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
   * The Python CA issues a new certificate for every request. If an earlier answer may have been lost, the certificate of that
   * request is found and revoked first, so that an order has at most one valid certificate. The log records it.
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
    // Without a working `view` (an old library), the CRL shows which certificate of the name was revoked.
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

  /** The current CRL; a new one when it is about to expire, because the CA does not renew it by itself. */
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
      // The CSR passed our rules, so this refusal comes from a rule of the Python CA.
      const ofCsr = error instanceof CaRefused && !error.message.startsWith('Profile not found');
      throw ofCsr ? new CaRefused(error.message, 'badCSR') : error;
    }
  }

  /** Revokes the certificate of an earlier request for the order, if there is one. Logs the result, also when it is unknown. */
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

  /** The newest certificate of a CN; `unknown` for a CA with an old library, whose `view` always fails. */
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

/** Whether ACME clients may use the profile: it is for TLS servers, but not for RAs or CAs. */
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
