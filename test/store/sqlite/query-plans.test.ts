import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { toRow as recordRow } from '../../../src/store/rows/ca/certificates.js';
import { toRow as accountRow } from '../../../src/store/rows/ra/accounts.js';
import { toRow as authorizationRow } from '../../../src/store/rows/ra/authorizations.js';
import { toRow as certificateRow } from '../../../src/store/rows/ra/certificates.js';
import { toRow as nodeRow } from '../../../src/store/rows/ra/nodes.js';
import { toRow as orderRow } from '../../../src/store/rows/ra/orders.js';
import { caOperations as ca } from '../../../src/store/sqlite/ca/operations.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { raOperations as ra } from '../../../src/store/sqlite/ra/operations.js';
import { type Row, Sql, type SqlValue } from '../../../src/store/sqlite/sql.js';
import {
  aCertificate,
  aNode,
  anAccount,
  anAuthorization,
  anOrder,
  aRecord,
  NOW,
} from '../../../tools/kit/facts.js';
import { newFolder } from '../../../tools/kit/folder.js';
import { SEARCHES } from '../contract/ca-search.contract.js';

/** No work may grow with the number of certificates: SQLite must find what every statement asks for by an index. */

class Recorder extends Sql {
  readonly texts = new Set<string>();

  override get<R extends Row>(text: string, ...values: SqlValue[]): R | undefined {
    this.texts.add(text);
    return super.get<R>(text, ...values);
  }

  override all<R extends Row>(text: string, ...values: SqlValue[]): R[] {
    this.texts.add(text);
    return super.all<R>(text, ...values);
  }

  override run(text: string, ...values: SqlValue[]): number {
    this.texts.add(text);
    return super.run(text, ...values);
  }
}

let folder: string;
let db: DatabaseSyncInstance;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

/** A table of at most 721 hours, and the certificates of one page. */
const BOUNDED = ['SCAN activity', 'SCAN page'];

/** What SQLite would walk through from one end to the other, or sort, by statement. */
function walks(sql: Recorder): string[] {
  return [...sql.texts].flatMap((text) => {
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all() as { detail: string }[];
    return plan
      .map(({ detail }) => detail)
      .filter((detail) => /^SCAN|TEMP B-TREE/.test(detail) && !BOUNDED.includes(detail))
      .map((detail) => `${detail}: ${text.replace(/\s+/g, ' ')}`);
  });
}

test('no statement of the RA scans a table or sorts', () => {
  db = openDatabase(join(folder, 'ra.db'), 'ra');
  const sql = new Recorder(db);
  const account = anAccount();
  ra.createAccount.run(sql, accountRow(account), null);
  ra.createAccount.run(sql, accountRow({ ...account, id: 'twin' }), null);
  ra.getAccount.run(sql, account.id);
  ra.findAccountByThumbprint.run(sql, 'x');
  ra.updateAccount.run(sql, account.id, null, null);
  ra.changeAccountKey.run(sql, account.id, account.thumbprint, '{}', 'y');

  const predecessor = anOrder(account);
  ra.createOrder.run(sql, orderRow(predecessor), []);
  const certificate = aCertificate(predecessor);
  ra.beginFinalize.run(sql, predecessor.id, new Uint8Array(1), NOW);
  ra.claimFinalizations.run(sql, NOW, NOW, 10);
  ra.deferFinalize.run(sql, predecessor.id, NOW);
  ra.recordIssuance.run(sql, predecessor.id, certificateRow(certificate));

  for (const error of [null, '{}']) {
    const order = anOrder(account, { replaces: certificate.ariId, expiresAt: NOW - 1 });
    const authorization = anAuthorization(account, { orderId: order.id });
    ra.createOrder.run(sql, orderRow({ ...order, authorizationIds: [authorization.id] }), [
      authorizationRow(authorization),
    ]);
    ra.answerChallenge.run(sql, authorization.id, 'http-01', NOW, NOW);
    ra.claimValidations.run(sql, NOW, NOW, 10, 10);
    ra.recordAttempt.run(sql, authorization.id, 'http-01', '{}', NOW);
    ra.completeValidation.run(sql, authorization.id, 'http-01', null, NOW, error, NOW);
    ra.getOrder.run(sql, order.id);
    if (error) ra.failOrder.run(sql, order.id, error);
    ra.deactivateAuthorization.run(sql, authorization.id, NOW);
  }
  ra.createAuthorization.run(sql, authorizationRow(anAuthorization(account, { expiresAt: NOW - 1 })));
  ra.findAuthorizationByToken.run(sql, 'x');
  ra.findValidAuthorizations.run(sql, account.id, ['dns:x'], NOW);
  ra.listOrderIds.run(sql, account.id, null, 10, NOW);
  ra.getCertificate.run(sql, certificate.id);
  ra.findCertificateBySerial.run(sql, certificate.serial);
  ra.findCertificateByAriId.run(sql, certificate.ariId);
  ra.recordRevocation.run(sql, certificate.serial, NOW, null);
  ra.appendAudit.run(sql, '{}');
  ra.readAudit.run(sql, null, 10);

  const node = aNode();
  ra.createNode.run(sql, nodeRow(node));
  const { enrolment } = aNode();
  ra.replaceNode.run(sql, nodeRow({ ...node, enrolment }));
  ra.getNode.run(sql, node.cn);
  ra.listNodes.run(sql, null, 10);
  ra.findNodeBySeed.run(sql, 'x');
  expect(ra.claimEnrolment.run(sql, enrolment.seedHash, 'k', NOW)).toBe('claimed');
  expect(ra.recordEnrolment.run(sql, enrolment.id, 'aa', NOW)).toBe(true);
  ra.recordNodeCertificate.run(sql, node.id, 'bb', NOW);
  ra.findNodeBySerial.run(sql, 'aa');
  const proven = anAuthorization(account, { provenBy: node.id });
  ra.createAuthorization.run(sql, authorizationRow(proven));
  ra.beginNodeRemoval.run(sql, node.cn, NOW);
  ra.createAuthorization.run(sql, authorizationRow({ ...proven, id: 'late' }));
  ra.findNodeIssuances.run(sql, node.id, NOW);
  ra.getNodeById.run(sql, node.id);
  ra.findNodeByKey.run(sql, 'k');
  ra.changeNode.run(sql, nodeRow(node), NOW);
  ra.listNodeSerials.run(sql, node.id, 10);
  ra.removeNode.run(sql, node.id);
  const bound = { ...anAccount({ nodeId: node.id }), externalAccount: { kid: 'k', jws: {} } };
  ra.createAccount.run(sql, accountRow(bound), 'k');
  ra.listAccounts.run(sql, null, 10, null);
  ra.listAccounts.run(sql, null, 10, node.id);
  ra.getAccountAndUse.run(sql, 'x');
  ra.noteAccountUses.run(sql, ['x'], [NOW], ['192.0.2.1']);
  ra.countOrders.run(sql, account.id, 10);
  ra.revokeAccount.run(sql, 'x', NOW);
  ra.clearRevocation.run(sql, 'aa');
  ra.recordFailure.run(sql, ['a', NOW, 'n', 'order', null, 'no'], 5);
  for (const [name, id] of [
    [null, null],
    ['n', null],
    [null, 'a'],
  ] as const) {
    ra.listFailures.run(sql, null, 10, name, id);
  }
  ra.purgeFailures.run(sql, '0', 10);
  ra.addActivity.run(sql, [[NOW, 1, 0, 0]], 1);
  ra.listActivity.run(sql, NOW, NOW);

  expect(ra.purgeExpired.run(sql, NOW, 10)).toBeGreaterThan(0);
  ra.purgeAccounts.run(sql, NOW, 10);
  ra.purgeCertificates.run(sql, NOW * 2, 10);
  ra.takeLease.run(sql, 'purge', 'a', NOW, NOW);
  ra.recordOtherCertificate.run(sql, ['s', 'a renewal', null, NOW, NOW]);
  ra.findOtherCertificate.run(sql, 's');
  ra.loadAllowances.run(sql, NOW, 10);
  ra.saveAllowances.run(sql, ['a key'], [NOW]);
  ra.forgetAllowances.run(sql, NOW, 10);
  ra.returnOrder.run(sql, 'none');
  const done = anOrder(account, { expiresAt: NOW - 1 });
  const proof = anAuthorization(account, { orderId: done.id, expiresAt: NOW - 1 });
  ra.createOrder.run(sql, orderRow({ ...done, authorizationIds: [proof.id] }), [authorizationRow(proof)]);
  ra.recordIssuance.run(sql, done.id, certificateRow(aCertificate(done)));
  expect(ra.purgeFinished.run(sql, NOW, 10)).toBeGreaterThan(0);
  expect(ra.purgeCertificates.run(sql, NOW * 2, 10)).toBe(1);
  ra.deactivateAccount.run(sql, account.id, NOW);
  ra.putSetting.run(sql, 'a', 'b');
  ra.getSetting.run(sql, 'a');
  ra.listSettings.run(sql, 'a ');

  expect(sql.texts.size).toBeGreaterThan(40);
  expect(walks(sql)).toEqual([]);
});

test('no statement of the CA about certificates scans a table or sorts, except the listing of one CN by serial', () => {
  db = openDatabase(join(folder, 'ca.db'), 'ca');
  const sql = new Recorder(db);
  const record = aRecord({ orderId: 'o1' });
  ca.recordCertificate.run(sql, recordRow(record), ['nx'], '{}', false, 'key');
  ca.recordCertificate.run(sql, recordRow(aRecord({ orderId: 'o1' })), [], '{}', false, 'key');
  ca.findBySerial.run(sql, record.serial);
  ca.findByOrder.run(sql, 'o1');
  ca.listByCn.run(sql, record.cn, 10);
  ca.listCertificates.run(sql, 'a', 10, NOW, {});
  for (const query of SEARCHES) ca.searchCertificates.run(sql, null, 10, NOW, query);
  ca.revoke.run(sql, record.serial, NOW, 6, '{}', 'key');
  ca.revoke.run(sql, record.serial, NOW, 6, '{}', 'key');
  ca.allocateCrlNumber.run(sql, '', 0, 'p');
  ca.listChanged.run(sql, '', 1, 'p', 10, NOW);
  ca.putCrl.run(sql, '', { number: 1, der: new Uint8Array(1), thisUpdate: NOW, nextUpdate: NOW });
  ca.isCrlCurrent.run(sql, '', 1);
  ca.getCrl.run(sql, '');
  ca.getCrlHead.run(sql, '');
  ca.getCurrentCrl.run(sql, '');
  ca.lastCertificateEnd.run(sql, '');
  ca.listRevoked.run(sql, '', null, 10, NOW);
  ca.unrevoke.run(sql, record.serial, '{}');
  ca.markDeleted.run(sql, record.serial, NOW, '{}');
  ca.readAudit.run(sql, null, 10);
  ca.listNodes.run(sql, null, 10);
  ca.findPeer.run(sql, 'k');
  ca.findAdminBySerial.run(sql, record.serial);
  ca.listAdminCertificates.run(sql);
  ca.isCompromisedKey.run(sql, 'key');
  ca.listCompromisedKeys.run(sql, 0, 10);
  ca.addPeerCertificate.run(sql, 'k', record.serial);
  ca.findNotRenewed.run(sql, NOW, 10);
  ca.findNotRenewed.run(sql, NOW, 10);
  ca.recheckNotRenewed.run(sql, NOW, 10);
  ca.listNotRenewed.run(sql, '', 10, NOW);
  ca.auditEnds.run(sql);
  ca.listDocuments.run(sql, 'order', null, null, 10);
  ca.listDocuments.run(sql, 'order', 'a1', null, 10);
  expect(walks(sql)).toEqual([]);

  const counting = new Recorder(db);
  ca.countCertificates.run(counting, NOW);
  ca.countNotRenewed.run(counting, NOW);
  ca.foldCounts.run(counting, NOW);
  // A row a profile and day, and one a certificate that was not renewed: never one a certificate.
  expect(
    walks(counting).filter((walk) => !/SCAN (?:certificate_counts|not_renewed)|TEMP B-TREE/.test(walk)),
  ).toEqual([]);
  expect([...counting.texts].filter((text) => /\bcertificates\b/.test(text))).toEqual([]);

  const purging = new Recorder(db);
  ca.purgeDocuments.run(purging, NOW, 10);
  ca.recordCertificate.run(sql, recordRow(aRecord()), ['ny'], '{}', false, null);
  expect(ca.purgeCertificates.run(purging, NOW * 2, 10)).toBeGreaterThan(0);
  // What channel peers have is a row a renewal of an RA.
  expect(walks(purging).filter((walk) => !/SCAN (?:held|peer_certificates|json_each)/.test(walk))).toEqual(
    [],
  );

  const byCn = new Recorder(db);
  ca.listCertificates.run(byCn, null, 10, NOW, { cn: record.cn });
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${[...byCn.texts][0]}`).all() as { detail: string }[];
  expect(plan[0]?.detail).toMatch(/^SEARCH certificates USING INDEX certificates_by_cn/);
});

/** The index that the statements with certificates of an operation use. */
function indexesOf(run: (sql: Recorder) => void): string[] {
  const sql = new Recorder(db);
  run(sql);
  return [...sql.texts].map((text) => {
    const plan = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all() as { detail: string }[];
    const found = plan.map(({ detail }) => detail).find((detail) => detail.startsWith('SEARCH'));
    return found?.replace(/^SEARCH \w+ USING (?:INDEX )?/, '') ?? '';
  });
}

test('a CRL and a search for what an issuer revoked read revoked certificates only, though all of the issuer have an index too', () => {
  db = openDatabase(join(folder, 'ca.db'), 'ca');
  const used = [
    ...indexesOf((sql) => ca.listRevoked.run(sql, '', null, 10, NOW)),
    ...indexesOf((sql) => ca.searchCertificates.run(sql, null, 10, NOW, { issuers: [''], state: 'revoked' })),
  ];
  expect(used).toHaveLength(3);
  for (const index of used) expect(index).toContain('certificates_revoked_by_issuer ');
  expect(used[0]).toMatch(/^COVERING/);
});

const BETWEEN = '((not_after,serial)>(?,?) AND (not_after,serial)<(?,?))';

test.each([
  [{}, `certificates_by_end ${BETWEEN}`],
  [{ state: 'good' }, `certificates_by_end ${BETWEEN}`],
  [{ state: 'held' }, `certificates_held ${BETWEEN}`],
  [{ state: 'held', issuers: ['a'], profile: 'server' }, `certificates_held ${BETWEEN}`],
  [{ state: 'revoked', profile: 'server' }, `certificates_revoked ${BETWEEN}`],
  [{ state: 'revoked', issuers: ['a'] }, 'certificates_revoked_by_issuer (issuer=? AND '],
  [{ state: 'good', profile: 'server' }, 'certificates_by_profile (profile=? AND '],
  [{ account: 'a', profile: 'server', issuers: ['a'] }, 'certificates_by_account (account_id=? AND '],
  [{ name: 'a.lan', profile: 'server', account: 'a' }, 'PRIMARY KEY (name=? AND '],
  [{ name: '*a*', account: 'a' }, 'PRIMARY KEY ((name,not_after,serial)>(?,?,?) AND '],
] as const)('a page of the search %j has both ends of its range in one index, which alone tells the second', (query, range) => {
  db = openDatabase(join(folder, 'ca.db'), 'ca');
  const [end, page, ...others] = indexesOf((sql) => ca.searchCertificates.run(sql, null, 10, NOW, query));
  expect(others).toEqual([]);
  expect(end).toMatch(/^(?:COVERING INDEX|PRIMARY KEY)/);
  for (const used of [end, page]) {
    expect(used?.replace('COVERING INDEX ', '').startsWith(range)).toBe(true);
    expect(used).toMatch(/>.*</);
  }
});

test('a CRL after a revocation reads the noted changes from the number of the CRL before, and the certificates by serial', () => {
  db = openDatabase(join(folder, 'ca.db'), 'ca');
  const sql = new Recorder(db);
  ca.listChanged.run(sql, '', 1, 'p', 10, NOW);
  const plan = db.prepare(`EXPLAIN QUERY PLAN ${[...sql.texts][0]}`).all() as { detail: string }[];
  expect(plan.map(({ detail }) => detail)).toEqual([
    'SEARCH changed USING PRIMARY KEY (issuer=? AND number>?)',
    'SEARCH certificates USING INDEX sqlite_autoindex_certificates_1 (serial=?) LEFT-JOIN',
  ]);
});
