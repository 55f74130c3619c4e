import { expect, it } from 'vitest';
import { z } from 'zod';
import { FileAnswer, publicRoute } from '../../src/rest/route.js';
import { serveRoutes } from '../../src/rest/serve.js';
import { listen, noAudit, noCa } from './harness.js';
import { OCSP_TYPE } from './plain/harness.js';

it('a body of a media type that only another route accepts is 415', async () => {
  const result = z.object({});
  const route = (path: '/a' | '/b', binary: boolean) =>
    publicRoute('POST', path, {
      summary: '',
      body: z.object({}),
      result,
      handle: () => ({}),
      ...(binary && {
        binary: {
          type: 'application/ocsp-request',
          handle: async (body: Buffer) => new FileAnswer('text/plain', body),
        },
      }),
    });
  const routes = [route('/a', true), route('/b', false)];
  const server = await listen((app) =>
    app.register(serveRoutes, {
      audit: noAudit,
      routes,
      ca: noCa,
      baseUrl: () => 'https://ra.test',
    }),
  );
  const post = (path: string) =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', headers: OCSP_TYPE, body: 'x' });
  expect([(await post('/a')).status, (await post('/b')).status]).toEqual([200, 415]);
  await server.close();
});
