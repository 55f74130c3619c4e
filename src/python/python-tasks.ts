import { identifiersOf } from '../ca/issue/lost-record.js';
import { reasonCode, reasonName } from '../channel/reasons.js';
import { parseSerial, serialToHex } from '../channel/serial.js';
import type { OperationsTasks, ParamsIn, Result } from '../channel/tasks/index.js';
import { CaLacksTask } from '../model/ca.js';
import type { Certificate } from '../model/facts.js';
import type { RaReader } from '../store/contract/readers.js';
import { parseCertificate } from '../x509/certificate.js';
import { parseCrl } from '../x509/crl.js';
import { attributeOf, formatDn, readDn } from '../x509/name.js';
import { OID } from '../x509/oids.js';
import { firstFromPem, toPem } from '../x509/pem.js';

export type OwnRecords = Pick<RaReader, 'findCertificateBySerial' | 'getOrder'>;

/** The `dn` parameter: a bare CN, a DN, or a serial. */
type Reference = string | number | bigint;

/**
 * Tasks of our contract for a Python CA: translated, answered from the RA's own records, or refused with the name of the
 * missing task.
 */
export class PythonTasks {
  constructor(
    private readonly records: OwnRecords,
    /** DER of the current CRL. */
    private readonly crl: () => Promise<Uint8Array>,
    private readonly now: () => number,
  ) {}

  /** Translates parameters: the Python CA accepts only bare CNs and names of reasons. */
  async translate(task: string, params: Record<string, unknown>): Promise<Record<string, unknown>> {
    if (task !== 'revoke' && task !== 'unrevoke' && task !== 'delete') return params;
    const dn = await this.#commonName(task, params.dn as Reference);
    if (params.reason === undefined) return { ...params, dn };
    const code = reasonCode(params.reason as string | number);
    return { ...params, dn, ...(code !== null && { reason: reasonName(code) }) };
  }

  /** @throws CaLacksTask for a certificate the RA has no record of */
  async view({ dn }: ParamsIn<OperationsTasks['view']>): Promise<Result<OperationsTasks['view']>> {
    const certificate = await this.#bySerial(serialOf(dn));
    if (certificate === null) {
      throw new CaLacksTask('view', 'this RA has records of the certificates of its own orders, by serial');
    }
    const der = firstFromPem('CERTIFICATE', certificate.chain);
    const parsed = parseCertificate(der);
    const order = await this.records.getOrder(certificate.orderId);
    return {
      dn: formatDn(parsed.subject),
      cn: parsed.commonName ?? '',
      serial: certificate.serial,
      profile: order?.order.profile ?? '',
      not_before: parsed.notBefore,
      not_after: parsed.notAfter,
      sans: identifiersOf(parsed).map(({ type, value }) => ({ type: type.toUpperCase(), value })),
      certificate: toPem('CERTIFICATE', der),
      ...(await this.#status(certificate.serial, certificate)),
    };
  }

  /** @throws CaLacksTask for a certificate that is neither on the CRL nor in the RA's records */
  async ocspCheck(
    params: ParamsIn<OperationsTasks['ocsp_check']>,
  ): Promise<Result<OperationsTasks['ocsp_check']>> {
    const shown =
      params.cert === undefined ? null : parseCertificate(firstFromPem('CERTIFICATE', params.cert));
    const serial = shown?.serial ?? (params.serial === undefined ? null : serialOf(params.serial));
    const certificate = await this.#bySerial(serial);
    const status = serial === null ? null : await this.#status(serial, certificate);
    if (serial === null || status === null || (certificate === null && status.status !== 'revoked')) {
      throw new CaLacksTask('ocsp_check', 'this RA has no record of the certificate');
    }
    const leaf =
      certificate === null ? shown : parseCertificate(firstFromPem('CERTIFICATE', certificate.chain));
    return { serial, cn: leaf?.commonName ?? '', ...status };
  }

  async #status(serial: string, certificate: Certificate | null) {
    const entry = parseCrl(await this.crl()).entries.find((each) => each.serial === serial);
    if (entry !== undefined) {
      // The CRL of the Python CA has no reasons; the RA's record has the reason of the request.
      const reason = reasonName(entry.reason ?? certificate?.revocationReason ?? 0) ?? 'unspecified';
      return { status: 'revoked' as const, revoke_reason: reason, revoke_date: entry.revokedAt };
    }
    const ended = certificate !== null && certificate.notAfter < this.now();
    return { status: ended ? ('expired' as const) : ('good' as const) };
  }

  async #commonName(task: string, reference: Reference): Promise<string> {
    if (typeof reference === 'string')
      return attributeOf(readDn(reference) ?? [], OID.commonName) ?? reference;
    const certificate = await this.#bySerial(serialOf(reference));
    const der = certificate && firstFromPem('CERTIFICATE', certificate.chain);
    const cn = der && parseCertificate(der).commonName;
    if (cn) return cn;
    throw new CaLacksTask(task, 'the Python CA knows certificates by their Common Name only');
  }

  async #bySerial(serial: string | null): Promise<Certificate | null> {
    return serial === null ? null : this.records.findCertificateBySerial(serial);
  }
}

function serialOf(reference: Reference): string | null {
  return typeof reference === 'string' ? parseSerial(reference) : serialToHex(reference);
}
