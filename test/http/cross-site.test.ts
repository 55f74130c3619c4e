import type { FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';
import { isCrossSite } from '../../src/http/cross-site.js';

const crossSite = (headers: Record<string, string>) =>
  isCrossSite({ headers } as unknown as FastifyRequest, 'https://ra.test:8000');

it.each<Record<string, string>>([
  {},
  { origin: 'https://ra.test:8000' },
  { 'sec-fetch-site': 'same-origin' },
  { 'sec-fetch-site': 'none' },
  { origin: 'https://ra.test:8000', 'sec-fetch-site': 'same-origin' },
])('a request with %o is a program or our own page', (headers) => {
  expect(crossSite(headers)).toBe(false);
});

it.each<Record<string, string>>([
  { origin: 'https://evil.test' },
  { origin: 'null' },
  { origin: '' },
  { origin: 'https://ra.test' },
  { origin: 'http://ra.test:8000' },
  { origin: 'https://ra.test:8000.evil.test' },
  { origin: 'https://ra.test:8000, https://evil.test' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': '' },
  { 'sec-fetch-site': 'same-origin, cross-site' },
  { origin: 'https://ra.test:8000', 'sec-fetch-site': 'cross-site' },
])('a request with %o comes from a page of another site', (headers) => {
  expect(crossSite(headers)).toBe(true);
});
