import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { apiRoutes, restApi } from '../../../src/rest/index.js';
import { urlsOf } from '../../../src/rest/serve.js';
import { apiDefaults, listen, standInCa } from '../harness.js';

/** `/certs/:cn` is `/certs/{cn}` in the document, `/ocsp/*` is `/ocsp/{request}`. */
const documented = (url: string) => url.replace(/:(\w+)/g, '{$1}').replace('/ocsp/*', '/ocsp/{request}');

async function api() {
  const { ca } = await standInCa();
  const options = { ...apiDefaults, ca };
  const served: string[] = [];
  const app = Fastify();
  app.addHook('onRoute', ({ method, url }) => {
    // fastify answers HEAD wherever it answers GET (RFC 9110 §9.3.2).
    for (const each of [method].flat()) if (each !== 'HEAD') served.push(`${each} ${documented(url)}`);
  });
  await app.register(restApi, { prefix: '/api/v1', ...options });
  const { body } = await app.inject('/api/v1/openapi.json');
  return {
    served,
    routes: apiRoutes(options),
    document: JSON.parse(body),
    page: await app.inject('/api/v1/docs'),
  };
}

describe('the OpenAPI document', () => {
  it('has every route that is served, and no other', async () => {
    const { served, document, routes } = await api();
    const [server] = document.servers;
    const operations = Object.entries<object>(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${server.url}${path}`),
    );
    // Public routes are served without /public too, where the Python RA has them.
    const aliases = routes.flatMap((route) =>
      urlsOf(route)
        .slice(1)
        .map((url) => `${route.method} ${server.url}${documented(url)}`),
    );
    const itself = ['GET /api/v1/openapi.json', 'GET /api/v1/docs'];
    expect([...served].sort()).toEqual([...operations, ...aliases, ...itself].sort());
    expect(operations.length).toBeGreaterThan(10);
  });

  it('states for every operation who may call it, and names each once', async () => {
    const { document } = await api();
    const ids = new Set<string>();
    for (const [path, item] of Object.entries<Record<string, Record<string, unknown>>>(document.paths)) {
      for (const operation of Object.values(item)) {
        const open = path.startsWith('/public/');
        expect(operation.security).toEqual(open ? [] : [{ mutualTLS: [] }]);
        expect(Object.keys(operation.responses as object)).toContain(open ? '200' : '401');
        expect(ids).not.toContain(operation.operationId);
        ids.add(String(operation.operationId));
      }
    }
  });

  it('has every parameter of a path, and no other', async () => {
    const { document } = await api();
    for (const [path, item] of Object.entries<Record<string, { parameters: { in: string; name: string }[] }>>(
      document.paths,
    )) {
      for (const { parameters } of Object.values(item)) {
        const named = parameters.filter((each) => each.in === 'path').map(({ name }) => `{${name}}`);
        expect(named).toEqual(path.match(/\{\w+\}/g) ?? []);
      }
    }
  });

  it('is readable without internet: the page loads nothing and runs nothing', async () => {
    const { page, document } = await api();
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'/);
    expect(page.body).not.toMatch(/<(script|link|img|iframe)|https?:\/\//);
    for (const path of Object.keys(document.paths)) expect(page.body).toContain(path);
  });

  it('is served as JSON', async () => {
    const { ca } = await standInCa();
    const server = await listen((app) => app.register(restApi, { prefix: '/api/v1', ...apiDefaults, ca }));
    const response = await server.get('/api/v1/openapi.json');
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await response.json()).toMatchObject({ openapi: '3.1.0' });
    await server.close();
  });
});
