import { setTimeout as pause } from 'node:timers/promises';
import { runUpki } from '../kit/upki.js';
import { type Kept, readAsTheyAre } from '../promises/databases.js';
import type { Report } from '../promises/findings.js';
import type { Ledger } from '../promises/ledger.js';

/** Milliseconds of load before and after the backup. */
const LOAD = 500;
/** The passphrase of the backup. */
const env = { UPKI_BACKUP_PASSPHRASE: 'only for a run of this tool' };

/** Ids of everything promised up to a moment. */
type Promised = Record<'accounts' | 'orders' | 'certificates' | 'revocations', Set<string>>;

/** A backup made under load, with the promises made before it began and before it was complete. */
export interface Taken {
  file: string;
  began: Promised;
  ended: Promised;
}

const idOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);

function promised({ accounts, orders, revocations }: Ledger): Promised {
  return {
    accounts: new Set(accounts.map(({ url }) => idOf(url))),
    orders: new Set(orders.map(({ url }) => idOf(url))),
    certificates: new Set(orders.filter(({ chain }) => chain !== null).map(({ url }) => idOf(url))),
    revocations: new Set(revocations.map(({ url }) => idOf(url))),
  };
}

/** Makes a backup of a running uPKI under load. */
export async function takeBackup(dataDir: string, file: string, ledger: Ledger): Promise<Taken> {
  await pause(LOAD);
  const began = promised(ledger);
  await runUpki(['backup', file, '-d', dataDir], { env });
  const ended = promised(ledger);
  await pause(LOAD);
  return { file, began, ended };
}

/**
 * Restores the backup elsewhere and compares it with the ledger: promises made before it began must be in it, promises made after it
 * was complete must not, and the RA may know no certificate that the CA does not.
 * @returns how much was lost, by kind
 */
export async function judgeBackup(
  { file, began, ended }: Taken,
  directory: string,
  ledger: Ledger,
): Promise<Record<keyof Promised, number>> {
  await runUpki(['backup', 'verify', file], { env });
  await runUpki(['restore', file, '-d', directory], { env });
  const kept = await readAsTheyAre(directory);
  const there = keptIds(kept);
  const now = promised(ledger);
  const lost = { accounts: 0, orders: 0, certificates: 0, revocations: 0 };
  for (const what of ['accounts', 'orders', 'certificates', 'revocations'] as const) {
    for (const id of now[what]) {
      if (!there[what].has(id)) lost[what] += 1;
      if (began[what].has(id) && !there[what].has(id)) ledger.report('lost', `${what}: ${id}, in the backup`);
      if (!ended[what].has(id) && what !== 'revocations' && what !== 'certificates' && there[what].has(id)) {
        ledger.report('unexpected', `${what}: ${id} is in a backup that was complete before it was promised`);
      }
    }
  }
  judgeAgreement(kept, ledger.report);
  return lost;
}

function keptIds({ accounts, orders, certificates, issued }: Kept): Promised {
  return {
    accounts: new Set(accounts.map(({ id }) => id)),
    orders: new Set(orders.map(({ id }) => id)),
    certificates: new Set(certificates.map(({ orderId }) => orderId)),
    revocations: new Set(issued.filter(({ revoked }) => revoked).map(({ orderId }) => orderId)),
  };
}

/** The databases of RA and CA agree, although the backup reads one after the other. */
function judgeAgreement({ certificates, issued }: Kept, report: Report): void {
  const atCa = new Map(issued.map((row) => [row.orderId, row.serial]));
  for (const { orderId, serial } of certificates) {
    if (atCa.get(orderId) !== serial)
      report('lost', `the certificate of order ${orderId}, at the CA of the backup`);
  }
}
