import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { createSecureContext, createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { der } from './csr.js';

/** A real server on loopback. */
export interface ChallengeServer {
  port: number;
  close(): Promise<void>;
}

/** A plain HTTP server. Rejects if the port is in use. @param host the address it listens on @param port 0 takes a free one */
export async function httpServer(
  listener: RequestListener,
  host = '127.0.0.1',
  port = 0,
): Promise<ChallengeServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** A server that answers http-01 with the key authorizations in `answers`, by token (RFC 8555 §8.3). */
export interface TokenServer extends ChallengeServer {
  answers: Map<string, string>;
}

export async function tokenServer(port: number): Promise<TokenServer> {
  const answers = new Map<string, string>();
  const server = await httpServer(
    (request, response) => {
      const answer = answers.get(request.url?.split('/').at(-1) ?? '');
      response.writeHead(answer === undefined ? 404 : 200).end(answer);
    },
    '127.0.0.1',
    port,
  );
  return { ...server, answers };
}

/** A TLS server that presents one certificate for every name. */
export async function tlsServer(
  certificate: { key: string; cert: string },
  options: TlsOptions = { ALPNProtocols: ['acme-tls/1'] },
  onServerName: (name: string) => void = () => {},
): Promise<ChallengeServer> {
  const context = createSecureContext(certificate);
  const server = createTlsServer({
    ...options,
    ...certificate,
    SNICallback: (name, done) => {
      onServerName(name);
      done(null, context);
    },
  });
  server.on('tlsClientError', () => {});
  server.on('secureConnection', (socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

export interface AlpnCertificateOptions {
  names: string[];
  keyAuthorization?: string;
  critical?: boolean;
  extension?: boolean;
  digestLength?: number;
}

/** RFC 8737 §3: a self-signed certificate that answers tls-alpn-01, or one with a chosen fault. */
export function alpnCertificate(options: AlpnCertificateOptions): { key: string; cert: string } {
  const { names, keyAuthorization = '', critical = true, extension = true, digestLength = 32 } = options;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
  const ext = (id: string, value: Buffer, isCritical = false) =>
    der(0x30, oid(id), ...(isCritical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
  const name = der(0x30, der(0x31, der(0x30, oid('550403'), der(0x0c, Buffer.from('alpn')))));
  const san = der(0x30, ...names.map(generalName));
  const digest = createHash('sha256').update(keyAuthorization).digest().subarray(0, digestLength);
  const extensions = [
    ...(names.length > 0 ? [ext('551d11', san)] : []),
    ...(extension ? [ext('2b0601050507011f', der(0x04, digest), critical)] : []),
  ];
  const algorithm = der(0x30, oid('2a8648ce3d040302'));
  const time = (date: string) => der(0x17, Buffer.from(date));
  const tbs = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    der(0x30, time('250101000000Z'), time('490101000000Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, der(0x30, ...extensions))] : []),
  );
  const certificate = der(0x30, tbs, algorithm, der(0x03, Buffer.from([0]), sign('sha256', tbs, privateKey)));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
  };
}

function generalName(value: string): Buffer {
  if (isIP(value) === 4) return der(0x87, Buffer.from(value.split('.').map(Number)));
  if (isIP(value) === 6) return der(0x87, Buffer.concat([Buffer.alloc(15), Buffer.from([1])]));
  return der(0x82, Buffer.from(value));
}
