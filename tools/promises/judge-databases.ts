import type { Kept } from './databases.js';
import type { Report } from './findings.js';
import type { Ledger } from './ledger.js';
import type { PromisedAccount } from './promised-account.js';
import type { PromisedOrder } from './promised-order.js';

/** Compares the contents of both databases with the promises and with each other; reports to the ledger. */
export function judgeDatabases(kept: Kept, ledger: Ledger): void {
  const { report } = ledger;
  if (kept.unfinished > 0) report('lost', `${kept.unfinished} validations or issuances never ended`);
  judgeSingles(kept, report);
  judgeAgreement(kept, report);
  const accounts = new Map(kept.accounts.map((row) => [row.id, row]));
  for (const account of ledger.accounts) judgeAccount(account, accounts.get(idOf(account.url)), report);
  const rows = {
    orders: byOrder(kept.orders.map((row) => ({ ...row, orderId: row.id }))),
    certificates: byOrder(kept.certificates),
    issued: byOrder(kept.issued),
  };
  for (const order of ledger.orders) {
    const id = idOf(order.url);
    judgeOrder(order, rows.orders.has(id), rows.certificates.get(id), rows.issued.get(id), report);
  }
}

/** No order has two certificates, and no serial occurs twice. */
function judgeSingles({ certificates, issued }: Kept, report: Report): void {
  const single = (what: string, values: string[]) => {
    const seen = new Set<string>();
    for (const value of values) {
      if (seen.has(value)) report('doubled', `${what}: ${value}`);
      seen.add(value);
    }
  };
  for (const [where, rows] of [
    ['RA', certificates],
    ['CA', issued],
  ] as const) {
    single(
      `an order has two certificates at the ${where}`,
      rows.map(({ orderId }) => orderId),
    );
    single(
      `a serial is there twice at the ${where}`,
      rows.map(({ serial }) => serial),
    );
  }
}

/** The RA has the certificate that the CA issued for an order, and the order refers to it. */
function judgeAgreement(kept: Kept, report: Report): void {
  const issued = byOrder(kept.issued);
  const certificates = byOrder(kept.certificates);
  for (const { orderId, serial, chain } of kept.certificates) {
    const row = issued.get(orderId);
    if (!row) report('lost', `the certificate of order ${orderId} is not in the CA's database`);
    else if (row.serial !== serial || !chain.startsWith(row.leaf)) {
      report('doubled', `order ${orderId} has one certificate at the RA and another at the CA`);
    }
  }
  for (const { orderId } of kept.issued) {
    if (!certificates.has(orderId)) {
      report('lost', `the RA does not know the certificate that the CA issued for order ${orderId}`);
    }
  }
  for (const { id, certificateId } of kept.orders) {
    if ((certificateId !== null) !== certificates.has(id)) {
      report('lost', `order ${id} names certificate ${certificateId}, but another one is stored for it`);
    }
  }
}

function judgeAccount(
  { url, deactivated }: PromisedAccount,
  row: Kept['accounts'][number] | undefined,
  report: Report,
): void {
  if (!row) report('lost', `${url} is not in the RA's database`);
  else if (deactivated && !row.deactivated)
    report('lost', `the deactivation of ${url}, in the RA's database`);
}

function judgeOrder(
  { url, body, chain, revocation }: PromisedOrder,
  known: boolean,
  atRa: Kept['certificates'][number] | undefined,
  atCa: Kept['issued'][number] | undefined,
  report: Report,
): void {
  if (!known) report('lost', `${url} is not in the RA's database`);
  if (body.status === 'valid' && !atRa) report('lost', `the certificate of ${url}, in the RA's database`);
  if (chain !== null && atRa && atRa.chain !== chain) {
    report('contradictory', `the RA's database has another certificate for ${url}`);
  }
  if (revocation?.promised && !atCa?.revoked)
    report('lost', `the revocation of ${url}, in the CA's database`);
}

function byOrder<Row extends { orderId: string }>(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [row.orderId, row]));
}

/** The id at the end of a URL. */
function idOf(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
