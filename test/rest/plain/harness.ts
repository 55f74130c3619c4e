import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll } from 'vitest';
import type { operations } from '../../../src/channel/tasks/index.js';
import type { TaskClient } from '../../../src/channel/typed-client.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import { restApi } from '../../../src/rest/index.js';
import { plainRoutes } from '../../../src/rest/plain/routes.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { certId, ocspRequest, readOcsp } from '../../support/ocsp.js';
import { requestPem } from '../../support/requests.js';
import { CaWorld } from '../../support/world/ca.js';
import { apiDefaults, listen } from '../harness.js';

/** A CA over ZeroMQ and both listeners of an RA before it. */
const world = new CaWorld();

export let ra: TaskClient<typeof operations>;

export let issuer: Buffer;

let https: Awaited<ReturnType<typeof listen>>;

export let plain: Awaited<ReturnType<typeof listen>>;

export const asked: string[] = [];

beforeAll(async () => {
  await world.start();
  ra = await world.registered();
  const client: Pick<TaskClient<typeof operations>, 'call'> = {
    call: (name, ...rest) => {
      asked.push(name);
      return ra.call(name, ...rest);
    },
  };
  const ca = new CaClient({ client });
  issuer = firstFromPem('CERTIFICATE', (await ca.caCertificates()).chain);
  https = await listen((app) => app.register(restApi, { prefix: '/api/v1', ...apiDefaults, ca }));
  plain = await listen((app) => app.register(plainRoutes, { ca, responder: ca }));
});

afterAll(async () => {
  await Promise.all([https.close(), plain.close()]);
  await world.close();
});

/** The path goes out as it is: `fetch` would normalise it. */
export function send(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: Uint8Array | string } = {},
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }> {
  const { port } = path.startsWith('/api/') ? https : plain;
  const { body, ...rest } = options;
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path, agent: false, ...rest }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

export const OCSP_TYPE = { 'content-type': 'application/ocsp-request' };

export const JSON_TYPE = { 'content-type': 'application/json' };

let count = 0;

export const issue = async () => {
  const name = `n${count++}.example.test`;
  return { name, ...(await ra.call('sign', { csr: requestPem([name]) })) };
};

export const requestFor = (serial: string, nonce?: Buffer) =>
  ocspRequest([certId(issuer, serial)], nonce ? { nonce } : {});

export const statusIn = (response: Buffer) => readOcsp(response, issuer).answers[0]?.status;

export const inUrl = (request: Buffer) => encodeURIComponent(request.toString('base64'));
