import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_ROLES, type AdminRole, mayActAs } from '../../src/model/administrators.js';
import type { AuditPosition, AuditRecord } from '../../src/store/contract/audit.js';
import { CLIENT_AUTH, createTestPki } from '../../tools/kit/test-pki.js';
import type { Holder } from '../support/https.js';
import { type IssuedHolder, JoinedWorld } from '../support/world/joined.js';

/** What the OpenAPI document says of one operation below /private or /client. */
interface Operation {
  method: string;
  /** With something in the place of each parameter. */
  path: string;
  /** The least role; null: any holder of a certificate. */
  role: AdminRole | null;
}

const world = new JoinedWorld();
let operations: Operation[];
const holders = new Map<string, IssuedHolder>();
let strangers: Record<string, Holder>;
beforeAll(async () => {
  await world.start();
  const { json } = await world.ask('/openapi.json');
  operations = operationsOf(json as unknown as Document);
  for (const role of ADMIN_ROLES) holders.set(role, await world.admin(`the ${role}`, role));
  const revoked = await world.admin('the former');
  await world.tasks.call('revoke_serial', { serial: BigInt(`0x${revoked.serial}`), reason: 'superseded' });
  const foreign = createTestPki('Test Issuing CA').leaf({ commonName: 'alice', usages: [CLIENT_AUTH] });
  strangers = {
    'the certificate of a node': await world.holder('node.example.test', 'webapp'),
    'the certificate of a person': await world.holder('someone', 'user'),
    'the certificate of an RA': await world.holder('other.example.test', 'ra'),
    'an administrator’s certificate that was revoked': revoked,
    'the certificate of somebody who is no administrator any more': await world.unlisted('the removed'),
    'a certificate of another PKI': foreign,
  };
}, 60_000);
afterAll(() => world.close());

interface Document {
  paths: Record<string, Record<string, { description?: string; parameters?: unknown; responses: object }>>;
}

/** Every operation of the document that is not for everybody. */
function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      if (!/^\/(?:private|client)\//.test(template)) return [];
      const role = /the least role is (\w+)/.exec(JSON.stringify(operation))?.[1] ?? null;
      const path = template.replace(/\{[^}]+\}/g, 'nobody.example.test');
      return [{ method: method.toUpperCase(), path, role: role as AdminRole | null }];
    }),
  );
}

const shown = ({ method, path }: Operation) => `${method} ${path}`;
const isPrivate = ({ path }: Operation) => path.startsWith('/private/');
const changes = ({ method }: Operation) => method !== 'GET';
/** A body that no operation accepts, so that whoever is let in changes nothing. */
const ask = (
  { method, path }: Operation,
  holder: Holder | null,
  headers: Record<string, string> = {},
  body: unknown = { nothing: 1 },
) => world.ask(path, holder, { method, headers, ...(method === 'POST' ? { body } : {}) });

describe('every private operation of the OpenAPI document', () => {
  it('exists, with the role it needs', () => {
    expect(operations.filter(isPrivate).length).toBeGreaterThan(25);
    expect(operations.filter((each) => isPrivate(each) && each.role === null)).toEqual([]);
    expect(operations.filter((each) => isPrivate(each) && changes(each) && each.role === 'auditor')).toEqual(
      [],
    );
  });

  it('is 401 without a client certificate, and with one of another PKI', async () => {
    const wrong: string[] = [];
    for (const operation of operations) {
      for (const holder of [null, strangers['a certificate of another PKI'] ?? null]) {
        const { status, json } = await ask(operation, holder);
        if (status !== 401 || json.code !== 'unauthenticated') wrong.push(`${shown(operation)}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is 403 for a client that is not, or no longer, an administrator', async () => {
    const wrong: string[] = [];
    for (const operation of operations.filter(isPrivate)) {
      for (const [who, holder] of Object.entries(strangers)) {
        if (who === 'a certificate of another PKI') continue;
        const { status, json } = await ask(operation, holder);
        if (status !== 403 || json.code !== 'forbidden')
          wrong.push(`${shown(operation)} with ${who}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is for the role it names and those above it, and 403 below', async () => {
    const wrong: string[] = [];
    for (const operation of operations.filter(isPrivate)) {
      for (const role of ADMIN_ROLES) {
        const { status } = await ask(operation, holders.get(role) ?? null);
        const isAdmitted = status !== 401 && status !== 403;
        const should = operation.role !== null && mayActAs(role, operation.role);
        if (isAdmitted !== should) wrong.push(`${shown(operation)} as ${role}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('that changes something is 403 from a page of another site, whatever headers the browser sends', async () => {
    const wrong: string[] = [];
    const admin = holders.get('admin') ?? null;
    for (const operation of operations.filter(changes)) {
      for (const headers of [
        { Origin: 'https://evil.test' },
        { Origin: 'null' },
        { 'Sec-Fetch-Site': 'cross-site' },
        { 'Sec-Fetch-Site': 'same-site' },
      ] as Record<string, string>[]) {
        const { status, json } = await ask(operation, admin, headers);
        if (status !== 403 || json.code !== 'forbidden')
          wrong.push(`${shown(operation)} with ${JSON.stringify(headers)}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('that takes a body is 415 for what a form can send', async () => {
    const wrong: string[] = [];
    const admin = holders.get('admin') ?? null;
    for (const operation of operations.filter(({ method }) => method === 'POST')) {
      for (const type of [
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'text/plain',
      ]) {
        const { status, json } = await ask(operation, admin, { 'Content-Type': type });
        if (status !== 415 || json.code !== 'unsupportedMediaType')
          wrong.push(`${shown(operation)} with ${type}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('may not be cached', async () => {
    const wrong: string[] = [];
    for (const operation of operations) {
      for (const holder of [null, holders.get('admin') ?? null]) {
        const { headers } = await ask(operation, holder);
        if (headers['cache-control'] !== 'no-store') wrong.push(shown(operation));
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is in the audit log when an authenticated client is refused', async () => {
    await expect
      .poll(async () => {
        const entries: { who: string; action: string; outcome: string }[] = [];
        for (let after: AuditPosition | null = null; ; ) {
          const page: AuditRecord[] = await world.store.readAudit({ after, limit: 500 });
          entries.push(...page.map(({ entry }) => JSON.parse(entry)));
          const last = page.at(-1);
          if (last === undefined) break;
          after = last;
        }
        const refused = new Set(
          entries
            .filter(({ who, outcome }) => who.includes('the auditor') && outcome === 'forbidden')
            .map(({ action }) => action.replace(/\{[^}]+\}/g, 'nobody.example.test')),
        );
        return operations.filter(
          (each) => isPrivate(each) && each.role !== 'auditor' && !refused.has(shown(each)),
        );
      })
      .toEqual([]);
  });
});
