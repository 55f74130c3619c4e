import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from '../crash/chance.js';
import type { Outages } from '../crash/outages.js';
import type { World } from '../crash/world.js';
import { until } from '../interop/until.js';
import type { Cluster } from './cluster.js';
import type { Fault } from './fault.js';

/** The load is well under way by then. */
const BEFORE = 1_500;
/** It goes on for so long on a system that says it is back, when nothing excuses a refusal any more. */
const AFTERWARDS = 2_000;
/** A certificate takes a second or two under this load, and clients come back within a few. */
const FIRST_CERTIFICATE = 20_000;

/** What clients saw of a fault. Times in ms. */
export interface Struck {
  /** From the moment it was whole again until every RA was ready, and until a certificate was issued. */
  ready: number;
  certificate: number;
  /** Certificates, refusals with 503, and requests without an answer, while it lasted. */
  issued: number;
  refused: number;
  lost: number;
  slowestRefusal: number;
}

/**
 * Breaks something under load and makes it whole again; resolves a moment after service is back. Reports when what should go
 * on meanwhile does not, or what should come back does not.
 */
export async function strike(
  fault: Fault,
  { cluster, world, outages, chance }: { cluster: Cluster; world: World; outages: Outages; chance: Chance },
): Promise<Struck> {
  const { ledger, requests } = world;
  await pause(BEFORE);
  const before = { issued: ledger.certificates.length, refused: requests.refused, lost: requests.lost };
  requests.slowestRefusal = 0;
  const end = outages.begin(fault.excuses);
  cluster.note(`striking: ${fault.what}`);
  const heal = await fault.strike(cluster, chance);
  await pause(fault.lasts);
  const issued = ledger.certificates.length - before.issued;
  if (fault.serves && issued === 0) ledger.report('unexpected', `nothing was issued during: ${fault.what}`);

  cluster.note('healing');
  const healing = Date.now();
  await heal();
  const whole = Date.now();
  const certificates = ledger.certificates.length;
  try {
    await cluster.ready();
  } catch (error) {
    ledger.report('lost', `service, after: ${fault.what}: ${error instanceof Error ? error.message : error}`);
  }
  const ready = Date.now() - whole;
  end();
  cluster.note(`every RA is ready, ${Date.now() - healing} ms after healing began`);
  await until(FIRST_CERTIFICATE, async () => {
    if (ledger.certificates.length === certificates) throw new Error('no certificate yet');
  }).catch(() => ledger.report('lost', `service: no certificate was issued after: ${fault.what}`));
  const certificate = Date.now() - whole;
  await pause(AFTERWARDS);
  return {
    ready,
    certificate,
    issued,
    refused: requests.refused - before.refused,
    lost: requests.lost - before.lost,
    slowestRefusal: requests.slowestRefusal,
  };
}
