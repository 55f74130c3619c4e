import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isHostName } from '../../config/index.js';
import { writeDurably } from '../../lib/files.js';
import { DAY } from '../../lib/time.js';
import type { Order } from '../../model/facts.js';
import { parseLeaf } from '../../ra/leaf.js';
import type { RaStore } from '../../store/contract/ra.js';
import { type ParsedCertificate, parseCertificate, subjectAltNames } from '../../x509/certificate.js';
import { unlessMalformed } from '../../x509/der-error.js';
import { firstFromPem, toPem } from '../../x509/pem.js';
import type { PythonCaFolder } from './python-ca-folder.js';
import type { PythonOrder, PythonRaDatabase } from './python-ra-database.js';
import type { Progress, Report } from './report.js';

interface RaImport {
  source: PythonRaDatabase;
  /** Certificates of the orders by order id, verified to be signed by the imported CA. */
  certificates: ReadonlyMap<string, ParsedCertificate>;
  revocations: PythonCaFolder['revocations'];
  report: Report;
  progress: Progress;
}

/** The order lifetime of the Python RA. */
const ORDER_LIFETIME = 7 * DAY;

/**
 * Imports accounts and orders with their certificates under the same ids, so that clients' URLs stay valid.
 * Authorizations are not imported, because the Python RA may have granted them without proof.
 */
export async function importRaRecords(task: RaImport, store: RaStore): Promise<void> {
  const { source, certificates, revocations, report, progress } = task;
  const accountIds = new Map<string, string>();
  for (const account of source.accounts) {
    // A client that already used the new RA has an account with the same key, which is used.
    const { account: kept, created } = await store.createAccount(account);
    accountIds.set(account.id, kept.id);
    report.count('accounts', created);
  }
  let done = 0;
  for (const order of source.orders) {
    const certificate = certificates.get(order.id);
    const accountId = accountIds.get(order.accountId);
    if (certificate === undefined || accountId === undefined) continue;
    report.count('orders and their certificates', await importOrder(store, order, accountId, certificate));
    const revocation = revocations.get(certificate.serial);
    if (revocation) await store.recordRevocation(certificate.serial, revocation.at, revocation.reason);
    progress('orders', ++done, certificates.size);
  }
  if (source.unfinished > 0) {
    report.remark(
      `${source.unfinished} orders without a certificate stayed behind; clients order again by themselves`,
    );
  }
}

/** True when this run imported the order. If it is interrupted between its two steps, the next run completes it. */
async function importOrder(
  store: RaStore,
  { id, identifiers, profile, createdAt }: PythonOrder,
  accountId: string,
  certificate: ParsedCertificate,
): Promise<boolean> {
  const order: Order = {
    id,
    accountId,
    identifiers,
    authorizationIds: [],
    profile,
    notBefore: null,
    notAfter: null,
    replaces: null,
    createdAt,
    expiresAt: createdAt + ORDER_LIFETIME,
    csr: null,
    finalizeDeferred: false,
    error: null,
    certificateId: null,
  };
  if ((await store.getOrder(id)) === null) await store.createOrder(order, []);
  const chain = toPem('CERTIFICATE', certificate.der);
  return store.recordIssuance(id, {
    id,
    orderId: id,
    accountId,
    identifiers,
    chain,
    ...parseLeaf(chain),
    revokedAt: null,
    revocationReason: null,
    replacedBy: null,
  });
}

/**
 * Writes settings that keep the names of the old RA's certificate. Its key is not imported, because the CA made it and sent it
 * unencrypted. The new RA makes its own key and obtains a certificate under the same root.
 */
export async function importRaSettings(from: string, to: string, report: Report): Promise<void> {
  const path = join(to, 'config.json');
  const there = await stat(path).catch(() => null);
  if (there) return report.count('names of the RA', false);
  const names = namesOf(await readFile(join(from, 'ra.crt'), 'utf8').catch(() => null));
  const cn = names.find(isHostName);
  if (cn === undefined) {
    report.remark('the old RA has no host name in its certificate: set UPKI_RA_CN to the name clients use');
    return;
  }
  const sans = names.filter((name) => name !== cn && !name.startsWith('*.'));
  await mkdir(to, { recursive: true, mode: 0o700 });
  await writeDurably(path, `${JSON.stringify({ cn, sans }, null, 2)}\n`, 0o600);
  report.count('names of the RA', true);
}

/** DNS names and addresses of a PEM certificate; empty when the text is not a certificate. */
function namesOf(pem: string | null): string[] {
  const read = () => subjectAltNames(parseCertificate(firstFromPem('CERTIFICATE', pem ?? '')));
  const names = unlessMalformed(read) ?? [];
  return names.flatMap((name) => (name.type === 'dns' || name.type === 'ip' ? [name.value] : []));
}
