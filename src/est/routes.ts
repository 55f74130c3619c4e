import { X509Certificate } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isCrossSite } from '../http/cross-site.js';
import type { ClientIdentity } from '../http/identity.js';
import { addressOf, peerName, peerOf } from '../http/peer.js';
import { CaRefused, CaUnavailable, type CertificateAuthority } from '../model/ca.js';
import { recordOf } from '../model/ca-register.js';
import { outcomeOf, Refused } from '../model/refusal.js';
import type { AuditLog } from '../ra/audit-log.js';
import type { Certification } from '../ra/nodes/certification.js';
import type { NodeCertificates } from '../ra/nodes/node-certificates.js';
import { nodeProfile } from '../ra/nodes/node-names.js';
import type { OwnCertificates } from '../ra/nodes/own-certificates.js';
import { parseCertificate, subjectAltNames } from '../x509/certificate.js';
import { certsOnly } from '../x509/certs-only.js';
import type { GeneralName } from '../x509/general-names.js';
import { fromPem } from '../x509/pem.js';
import { spkiFingerprint } from '../x509/spki.js';
import { basicCredentials } from './basic.js';
import { type EstRequest, readEstRequest, toBase64 } from './body.js';
import { csrAttributes } from './csr-attributes.js';
import { Devices, isDevice } from './device.js';
import { writeHeadersAsRfcsDo } from './header-names.js';

interface EstOptions {
  ca: Pick<CertificateAuthority, 'caCertificates' | 'authorities' | 'profile' | 'bySerial'>;
  certification: Pick<Certification, 'certify' | 'certifyDevice'>;
  ownCertificates: Pick<OwnCertificates, 'reissue'>;
  nodeCertificates: Pick<NodeCertificates, 'ofCertificate'>;
  audit: AuditLog;
  isCompromised(spkiFingerprint: string): boolean;
  /** PEM of the manufacturers whose device certificates are trusted for a first enrolment; empty: none. */
  deviceTrust: string;
  /** Profile of `csrattrs` without a label. */
  defaultProfile(): string;
  /** Base URL for a request with this Host header. */
  baseUrl(host: string | undefined): string;
  clock(): number;
}

/** Retry-After of a 202 answer, in seconds: the CA is unreachable, and the device repeats its request. */
const RETRY_AFTER = 30;
const PKCS7 = 'application/pkcs7-mime';

interface Labelled {
  Params: { label?: string };
}
/** The result of an enrolment. `chain` is PEM, leaf first. */
interface Enrolled {
  who: string;
  cn: string;
  serial: string;
  chain: string;
}

/** Enrolment over Secure Transport (RFC 7030, RFC 8951), for devices without ACME. A fastify plugin. */
export async function estRoutes(app: FastifyInstance, options: EstOptions): Promise<void> {
  const { ca } = options;
  writeHeadersAsRfcsDo(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/pkcs10', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body);
  });
  app.setErrorHandler((error, _request, reply) => {
    throw refusalOf(error, reply);
  });
  const trusted = fromPem('CERTIFICATE', options.deviceTrust).map((der) => new X509Certificate(der));
  const devices = new Devices(trusted, options.clock);
  app.server.on('secureConnection', (socket) => devices.connected(socket));

  for (const prefix of ['/.well-known/est', '/.well-known/est/:label']) {
    app.get<Labelled>(`${prefix}/cacerts`, async (request, reply) => {
      reply.type(PKCS7).header('content-transfer-encoding', 'base64');
      return toBase64(certsOnly(await issuers(ca)), request.headers['user-agent']);
    });

    app.get<Labelled>(`${prefix}/csrattrs`, async (request, reply) => {
      const profile = await nodeProfile(ca, request.params.label ?? options.defaultProfile(), 'notFound');
      reply.type('application/csrattrs').header('content-transfer-encoding', 'base64');
      return toBase64(csrAttributes(profile), request.headers['user-agent']);
    });

    app.post<Labelled>(`${prefix}/simpleenroll`, (request, reply) =>
      answer(request, reply, options, (csr) => enrol(request, csr, devices, options)),
    );

    app.post<Labelled>(`${prefix}/simplereenroll`, (request, reply) =>
      answer(request, reply, options, (csr) =>
        renew(peerOf(request).identity, csr, request.params.label, options),
      ),
    );
  }
}

/** §4.1.3: the roots, the cross-certificates of a rollover and the issuers. DER, without duplicates. */
async function issuers(ca: EstOptions['ca']): Promise<Buffer[]> {
  const { root, chain } = await ca.caCertificates();
  const all = (await ca.authorities?.()) ?? [];
  const known = all.filter(({ state }) => state !== 'ended' && state !== 'retired');
  const pem = root + chain + known.map(({ certificate }) => certificate).join('');
  const der = fromPem('CERTIFICATE', pem);
  return der.filter((each, index) => der.findIndex((other) => other.equals(each)) === index);
}

/** §4.2.3: answers with the certificate, or with 202 while the CA is unreachable. */
async function answer(
  request: FastifyRequest<Labelled>,
  reply: FastifyReply,
  { audit, baseUrl }: Pick<EstOptions, 'audit' | 'baseUrl'>,
  carryOut: (csr: EstRequest) => Promise<Enrolled>,
): Promise<string> {
  const action = `POST ${request.routeOptions.url}`;
  const from = addressOf(request);
  reply.header('cache-control', 'no-store');
  try {
    // A browser sends a client certificate even for a request that another site made.
    if (isCrossSite(request, baseUrl(request.headers.host)))
      throw new Refused('forbidden', 'a page of another site may not enrol a device');
    const { who, cn, serial, chain } = await carryOut(readEstRequest(request.body));
    await audit.done({ who, from, action, details: { cn, issued: serial } });
    reply.type(`${PKCS7}; smime-type=certs-only`).header('content-transfer-encoding', 'base64');
    return toBase64(certsOnly(fromPem('CERTIFICATE', chain)), request.headers['user-agent']);
  } catch (error) {
    if (error instanceof CaUnavailable) {
      reply.code(202).type('text/plain').header('retry-after', RETRY_AFTER);
      return 'The certificate authority cannot be reached; send the same request again.\n';
    }
    const name = peerName(request);
    const event = { who: name ?? 'nobody', from, action, details: {} };
    audit.refused({ ...event, outcome: outcomeOf(failureOf(error)), identified: name !== null });
    throw error;
  }
}

/** §4.2.1: enrols by name and seed, by a manufacturer's certificate, or by a certificate of this CA, which is then renewed. */
async function enrol(
  request: FastifyRequest<Labelled>,
  csr: EstRequest,
  devices: Devices,
  options: EstOptions,
): Promise<Enrolled> {
  const { certification } = options;
  const { label: profile } = request.params;
  const asked = { csr: csr.pem, ...(profile !== undefined && { profile }) };
  const basic = basicCredentials(request.headers.authorization);
  if (basic !== null) {
    const made = await certification.certify({ ...asked, ...basic }, addressOf(request));
    return { ...made, who: `node ${made.cn}` };
  }
  const { identity } = peerOf(request);
  if (identity !== null) return renew(identity, csr, profile, options);
  const device = devices.namesOf(request);
  if (device !== null) {
    const made = await certification.certifyDevice(asked, (cn) => isDevice(device, cn));
    return { ...made, who: `device ${device[0]}` };
  }
  throw new Refused(
    'unauthenticated',
    'send the name of a node and its seed, or use the manufacturer’s certificate of the device',
  );
}

/** §4.2.2: renews the client certificate of the request, with the same names and profile. A request may omit names. */
async function renew(
  identity: ClientIdentity | null,
  csr: EstRequest,
  profile: string | undefined,
  { ca, ownCertificates, nodeCertificates, isCompromised }: EstOptions,
): Promise<Enrolled> {
  if (identity === null) {
    throw new Refused('unauthenticated', 'use the certificate to be renewed as the client certificate');
  }
  const record = await recordOf(identity, ca);
  if (record?.state !== 'good') {
    throw new Refused('forbidden', `the client certificate is ${record?.state ?? 'not one of this CA'}`);
  }
  if (profile !== undefined && profile !== record.profile)
    throw new Refused('forbidden', `the client certificate has profile "${record.profile}"`);
  if (csr.asksForCa) throw new Refused('forbidden', 'the request asks for a CA certificate');
  if (isCompromised(spkiFingerprint(csr.publicKey.spki))) {
    throw new Refused('forbidden', 'the key of the request is known to be compromised');
  }
  const names = subjectAltNames(parseCertificate(identity.certificate));
  const held = new Set(names.map(nameText));
  const ownName = async () => (await nodeCertificates.ofCertificate(identity))?.cn;
  const other =
    csr.names.map(nameText).find((name) => !held.has(name)) ??
    (await otherCommonName(csr, [record.cn, ...names.map(hostOf)], ownName));
  if (other !== undefined) {
    const shown = other.slice(0, 100);
    throw new Refused(
      'forbidden',
      `the request names ${shown}, which is not in the certificate to be renewed`,
    );
  }
  const { serial, chain } = await ownCertificates.reissue(identity.serial, csr.der);
  return { who: record.dn, cn: record.cn, serial, chain };
}

/**
 * The common name of the request, unless it is one of these or the node's own, in any case: a server's certificate may lack
 * the node's own name, which the device's first request may have.
 */
async function otherCommonName(
  { commonName }: EstRequest,
  held: readonly string[],
  ownName: () => Promise<string | undefined>,
): Promise<string | undefined> {
  if (commonName === null) return undefined;
  const isAsked = (name: string) => name.toLowerCase() === commonName.toLowerCase();
  return held.some(isAsked) || isAsked((await ownName()) ?? '') ? undefined : `the common name ${commonName}`;
}

/** A name of a host, which may be a common name too; empty for other kinds. */
const hostOf = (name: GeneralName): string => (name.type === 'dns' || name.type === 'ip' ? name.value : '');

/** Kind and value of a name. An unknown kind never matches a name of a certificate. */
const nameText = (name: GeneralName): string =>
  name.type === 'other' ? 'an unknown kind' : `${name.type} ${name.value.toLowerCase()}`;

/** The failure in the terms of EST; an internal error as it is. */
function failureOf(error: unknown): unknown {
  // A wrong or used seed is 401: the client needs other credentials (RFC 9110 §15.5.2).
  if (error instanceof Refused && error.field === 'seed')
    return new Refused('unauthenticated', error.message);
  return error instanceof CaRefused ? new Refused('unprocessable', error.message) : error;
}

/** The failure for the listener, which answers it in plain text (§4.2.3). */
function refusalOf(error: unknown, reply: FastifyReply): unknown {
  const failure = failureOf(error);
  if (failure instanceof Refused && failure.status === 401)
    reply.header('www-authenticate', 'Basic realm="EST", charset="UTF-8"');
  return failure;
}
