import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCaStore, openRaStore } from '../../../src/store/open.js';
import { caOperations as ca } from '../../../src/store/postgres/ca/operations.js';
import { DatabaseClient } from '../../../src/store/postgres/client.js';
import type { Row, SqlValue } from '../../../src/store/postgres/database.js';
import { countUses, settleAllowances, untilOf } from '../../../src/store/postgres/ra/allowances.js';
import { forgetNonces, nonceKey, spendNonce, spendNonceBy } from '../../../src/store/postgres/ra/nonces.js';
import { raOperations } from '../../../src/store/postgres/ra/operations.js';
import { SeenChallenges } from '../../../src/store/postgres/ra/seen-challenges.js';
import { SESSION } from '../../../src/store/postgres/session.js';
import { toRow as recordRow } from '../../../src/store/rows/ca/certificates.js';
import { toRow as accountRow } from '../../../src/store/rows/ra/accounts.js';
import { toRow as authorizationRow } from '../../../src/store/rows/ra/authorizations.js';
import { toRow as certificateRow } from '../../../src/store/rows/ra/certificates.js';
import { toRow as nodeRow } from '../../../src/store/rows/ra/nodes.js';
import { toRow as orderRow } from '../../../src/store/rows/ra/orders.js';
import {
  aCertificate,
  aNode,
  anAccount,
  anAuthorization,
  anOrder,
  aRecord,
  NOW,
} from '../../../tools/kit/facts.js';
import { withClient } from '../../../tools/kit/postgres/client.js';
import { createDatabase } from '../../../tools/kit/postgres/database.js';
import { SEARCHES } from '../contract/ca-search.contract.js';

const seen = new SeenChallenges();
const ra = raOperations(seen);

/** No work may grow with the number of certificates: PostgreSQL must be able to find what is asked for by an index. */

class Recorder extends DatabaseClient {
  readonly texts = new Set<string>();

  override get<R extends Row>(text: string, ...values: SqlValue[]): Promise<R | undefined> {
    this.texts.add(text);
    return super.get<R>(text, ...values);
  }

  override all<R extends Row>(text: string, ...values: SqlValue[]): Promise<R[]> {
    this.texts.add(text);
    return super.all<R>(text, ...values);
  }

  override run(text: string, ...values: SqlValue[]): Promise<number> {
    this.texts.add(text);
    return super.run(text, ...values);
  }
}

let database: Awaited<ReturnType<typeof createDatabase>>;
let explains = false;
beforeAll(async () => {
  database = await createDatabase();
  const version = await withClient(database.url, (client) => client.query('SHOW server_version_num'));
  // EXPLAIN of a statement with parameters is new in PostgreSQL 16.
  explains = Number(version.rows[0].server_version_num) >= 160_000;
  await (await openRaStore(database.url)).close();
  await (await openCaStore(database.url)).close();
  await withClient(database.url, (client) => client.query(CROWD));
});
afterAll(() => database.drop());

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Cond'?: string;
  Plans?: Plan[];
}

/** Tables of one row, and the hours, of which 721 are kept. */
const BOUNDED = ['crl', 'pings', 'nonce_key', 'activity'];

/** So many rows that the planner of a real authority would decide the same. */
const CROWD = `
  SET search_path = upki_ra;
  INSERT INTO accounts (id, thumbprint, jwk, contact, created_at)
    SELECT n, n, '{}', '[]', n FROM generate_series(1, 20000) n;
  INSERT INTO orders (id, account_id, identifiers, authorization_ids, profile, created_at, expires_at, certificate_id, due_at)
    SELECT n, n % 5000, '[]', '[]', 'server', n, n, CASE WHEN n % 100 > 1 THEN n END, CASE WHEN n % 100 = 0 THEN n END
    FROM generate_series(1, 20000) n;
  INSERT INTO authorizations (id, account_id, order_id, name, created_at, expires_at, token, challenges, state)
    SELECT n, n % 5000, CASE WHEN n % 50 > 0 THEN n END, 'dns:' || n, n, n, n, '[]',
           (ARRAY['valid', 'ended', 'open'])[1 + n % 3]
    FROM generate_series(1, 20000) n;
  INSERT INTO open_validations (authorization_id, type, due_at) SELECT n, 'http-01', n FROM generate_series(1, 5000) n;
  INSERT INTO certificates (id, order_id, account_id, serial, ari_id, fingerprint, identifiers, chain, not_before, not_after)
    SELECT n, n, n % 5000, n, n, n, '[]', '', n, n FROM generate_series(1, 20000) n;
  INSERT INTO nodes (cn, id, names, profile, registered_at, registered_by, enrolment_id, seed_hash, seed_expires_at)
    SELECT n, n, '[]', 'webapp', n, '', n, n, n FROM generate_series(1, 5000) n;
  INSERT INTO node_certificates SELECT n, n % 5000, n FROM generate_series(1, 20000) n;
  INSERT INTO other_certificates SELECT n, '', NULL, n, n FROM generate_series(1, 20000) n;
  INSERT INTO activity SELECT n, 1, 1, 1 FROM generate_series(1, 20000) n;
  INSERT INTO allowances SELECT n, n FROM generate_series(1, 20000) n;
  INSERT INTO spent_nonces SELECT n, n::text::bytea FROM generate_series(1, 20000) n;
  INSERT INTO settings SELECT 'n' || n, '' FROM generate_series(1, 5000) n;
  SET search_path = upki_ca;
  INSERT INTO certificates (serial, cn, dn, profile, identifiers, not_before, not_after, order_id, issued_at, revoked_at, der)
    SELECT 's' || n, 'c' || n % 5000, '', 'server', '[]', n, n, 'n' || n, n, CASE WHEN n % 10 = 0 THEN n END, ''
    FROM generate_series(1, 20000) n;
  INSERT INTO certificate_names SELECT 'nc' || n % 5000, n, 's' || n FROM generate_series(1, 20000) n;
  INSERT INTO nodes SELECT n, 'server', '[]', n FROM generate_series(1, 5000) n;
  INSERT INTO peers (public_key, role, cn, added_at) SELECT n, 'ra', n, n FROM generate_series(1, 5000) n;
  INSERT INTO admins (dn, added_at) SELECT n, n FROM generate_series(1, 5000) n;
  INSERT INTO documents SELECT (ARRAY['account', 'order'])[1 + n % 2], n, n % 100, '{}' FROM generate_series(1, 20000) n;
  ANALYZE`;

/** What is walked from one end to the other, by statement. */
async function walks(schema: string, texts: Iterable<string>): Promise<string[]> {
  return withClient(database.url, async (client) => {
    await client.query(SESSION, [schema]);
    const found: string[] = [];
    for (const text of texts) {
      const { rows } = await client.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`);
      const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];
      for (const node of nodes(rows[0]['QUERY PLAN'][0].Plan)) {
        const table = node['Relation Name'];
        const walk =
          /Scan$/.test(node['Node Type']) && table !== undefined && node['Index Cond'] === undefined;
        const heap = node['Node Type'] === 'Bitmap Heap Scan';
        if (walk && !heap && !BOUNDED.includes(table))
          found.push(`${node['Node Type']} of ${table}: ${text}`);
      }
    }
    return found;
  });
}

test('no statement of the RA scans a table', async (context) => {
  context.skip(!explains, 'needs PostgreSQL 16');
  const db = new Recorder({ url: database.url, schema: 'upki_ra' });
  const account = anAccount();
  await ra.createAccount(db, accountRow(account), null);
  await ra.createAccount(db, accountRow({ ...account, id: 'twin' }), null);
  await ra.getAccount(db, account.id);
  await ra.updateAccount(db, account.id, null, null);
  await ra.changeAccountKey(db, account.id, account.thumbprint, '{}', 'y');

  const predecessor = anOrder(account);
  await ra.createOrder(db, orderRow(predecessor), []);
  const certificate = aCertificate(predecessor);
  await ra.beginFinalize(db, predecessor.id, new Uint8Array(1), NOW);
  await ra.claimFinalizations(db, NOW, NOW, 10);
  await ra.deferFinalize(db, predecessor.id, NOW);
  await ra.recordIssuance(db, predecessor.id, certificateRow(certificate));

  for (const error of [null, '{}']) {
    const order = anOrder(account, { replaces: certificate.ariId, expiresAt: NOW - 1 });
    const authorization = anAuthorization(account, { orderId: order.id });
    await ra.createOrder(db, orderRow({ ...order, authorizationIds: [authorization.id] }), [
      authorizationRow(authorization),
    ]);
    await ra.answerChallenge(db, authorization.id, 'http-01', NOW, NOW);
    await ra.claimValidations(db, NOW, NOW, 10, 10);
    await ra.recordAttempt(db, authorization.id, 'http-01', '{}', NOW);
    await ra.completeValidation(db, authorization.id, 'http-01', null, NOW, error, NOW);
    await ra.getOrder(db, order.id);
    if (error) await ra.failOrder(db, order.id, error);
    await ra.deactivateAuthorization(db, authorization.id, NOW);
  }
  await ra.createAuthorization(db, authorizationRow(anAuthorization(account, { expiresAt: NOW - 1 })));
  await ra.findAuthorizationByToken(db, 'x');
  await ra.findValidAuthorizations(db, account.id, ['dns:x'], NOW);
  await ra.listOrderIds(db, account.id, null, 10, NOW);
  await ra.getCertificate(db, certificate.id);
  await ra.findCertificateBySerial(db, certificate.serial);
  await ra.findCertificateByAriId(db, certificate.ariId);
  await ra.recordRevocation(db, certificate.serial, NOW, null);
  await ra.appendAudit(db, '{}');
  await ra.readAudit(db, null, 10);

  const node = aNode();
  await ra.createNode(db, nodeRow(node));
  const { enrolment } = aNode();
  expect(await ra.replaceNode(db, nodeRow({ ...node, enrolment }))).toBe(true);
  await ra.getNode(db, node.cn);
  await ra.listNodes(db, null, 10);
  await ra.findNodeBySeed(db, 'x');
  expect(await ra.claimEnrolment(db, enrolment.seedHash, 'k', NOW)).toBe('claimed');
  expect(await ra.claimEnrolment(db, enrolment.seedHash, 'l', NOW)).toBe('used');
  expect(await ra.recordEnrolment(db, enrolment.id, 'aa', NOW)).toBe(true);
  await ra.recordNodeCertificate(db, node.id, 'bb', NOW);
  await ra.findNodeBySerial(db, 'aa');
  await ra.createAuthorization(db, authorizationRow(anAuthorization(account, { provenBy: node.id })));
  await ra.beginNodeRemoval(db, node.cn, NOW);
  await ra.findNodeIssuances(db, node.id, NOW);
  await ra.getNodeById(db, node.id);
  await ra.findNodeByKey(db, 'k');
  await ra.changeNode(db, nodeRow(node), NOW);
  await ra.listNodeSerials(db, node.id, 10);
  await ra.removeNode(db, node.id);
  const bound = { ...anAccount({ nodeId: node.id }), externalAccount: { kid: 'k', jws: {} } };
  await ra.createAccount(db, accountRow(bound), 'k');
  await ra.listAccounts(db, null, 10, null);
  await ra.listAccounts(db, null, 10, node.id);
  await ra.getAccountAndUse(db, 'x');
  await ra.noteAccountUses(db, ['x'], [NOW], ['192.0.2.1']);
  await ra.countOrders(db, account.id, 10);
  await ra.revokeAccount(db, 'x', NOW);
  await ra.clearRevocation(db, 'aa');
  await ra.recordFailure(db, ['a', NOW, 'n', 'order', null, 'no'], 5);
  for (const [name, id] of [
    [null, null],
    ['n', null],
    [null, 'a'],
  ] as const) {
    await ra.listFailures(db, null, 10, name, id);
  }
  await ra.purgeFailures(db, '0', 10);
  await ra.addActivity(db, [[NOW, 1, 0, 0]], 1);
  await ra.listActivity(db, NOW, NOW);

  expect(await ra.purgeExpired(db, NOW, 10)).toBeGreaterThan(0);
  await ra.purgeAccounts(db, NOW, 10);
  await ra.purgeCertificates(db, NOW, 10);
  await ra.takeLease(db, 'purge', 'a', NOW, NOW);
  await ra.deactivateAccount(db, account.id, NOW);
  await ra.putSetting(db, 'a', 'b');
  await ra.getSetting(db, 'a');
  await ra.listSettings(db, 'a ');
  await ra.ping(db);
  await ra.recordOtherCertificate(db, ['s', 'a renewal', null, NOW, NOW]);
  await ra.findOtherCertificate(db, 's');
  await ra.loadAllowances(db, NOW, 10);
  await ra.saveAllowances(db, ['a key'], [NOW]);
  await ra.forgetAllowances(db, NOW, 10);
  await ra.returnOrder(db, 'none');
  const key = await nonceKey(db, new Uint8Array(1));
  const nonce = { second: 1, id: new Uint8Array(1) };
  await spendNonce(db, key, nonce);
  await spendNonceBy(db, seen, account.id, key, nonce);
  for (const kind of ['authorization', 'order', 'certificate'] as const)
    await spendNonceBy(db, seen, account.id, key, nonce, { kind, id: 'x' });
  await forgetNonces(db, 1, 10);
  const use = { key: 'a key', amount: 1, window: 10 };
  await countUses(db, [use], [{ ...use, key: 'another' }], NOW);
  await untilOf(db, [use.key]);
  await settleAllowances(db, [use], [use], NOW);
  await db.close();

  expect(db.texts.size).toBeGreaterThan(30);
  expect(await walks('upki_ra', db.texts)).toEqual([]);
});

test('no statement of the CA about certificates scans a table', async (context) => {
  context.skip(!explains, 'needs PostgreSQL 16');
  const db = new Recorder({ url: database.url, schema: 'upki_ca' });
  const record = aRecord({ orderId: 'o1' });
  await ca.recordCertificate(db, recordRow(record), ['nx'], '{}', false, 'key');
  await ca.recordCertificate(db, recordRow(aRecord({ orderId: 'o1' })), [], '{}', false, 'key');
  await ca.findBySerial(db, record.serial);
  await ca.findByOrder(db, 'o1');
  await ca.listByCn(db, record.cn, 10);
  await ca.listCertificates(db, 'a', 10, NOW, {});
  await ca.listCertificates(db, null, 10, NOW, { cn: record.cn });
  for (const query of SEARCHES) await ca.searchCertificates(db, null, 10, NOW, query);
  await ca.revoke(db, record.serial, NOW, 6, '{}', 'key');
  await ca.listRevoked(db, '', null, 10, NOW);
  await ca.unrevoke(db, record.serial, '{}');
  await ca.markDeleted(db, record.serial, NOW, '{}');
  await ca.readAudit(db, null, 10);
  await ca.allocateCrlNumber(db, '', 0, 'p');
  await ca.listChanged(db, '', 1, 'p', 10, NOW);
  await ca.putCrl(db, '', { number: 1, der: new Uint8Array(1), thisUpdate: NOW, nextUpdate: NOW });
  await ca.getCrl(db, '');
  await ca.getCrlHead(db, '');
  await ca.getCurrentCrl(db, '');
  await ca.lastCertificateEnd(db, '');
  await ca.listNodes(db, null, 10);
  await ca.findPeer(db, 'k');
  await ca.findAdminBySerial(db, record.serial);
  await ca.isCompromisedKey(db, 'key');
  await ca.listCompromisedKeys(db, 0, 10);
  await ca.addPeerCertificate(db, 'k', record.serial);
  await ca.listDocuments(db, 'order', null, null, 10);
  await ca.listDocuments(db, 'order', 'a1', null, 10);
  await db.close();
  expect(await walks('upki_ca', db.texts)).toEqual([]);
  const counting = new Recorder({ url: database.url, schema: 'upki_ca' });
  await ca.countCertificates(counting, NOW);
  await ca.countNotRenewed(counting, NOW);
  await counting.close();
  // Counted are rows of their own, one a profile and day: never the certificates.
  expect([...counting.texts].filter((text) => /\bcertificates\b/.test(text))).toEqual([]);
});
