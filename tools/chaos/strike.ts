import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../kit/until.js';
import type { Excuses, Outages } from '../promises/outages.js';
import type { World } from '../promises/world.js';
import type { Tried } from './trial.js';

/** A fault that begins and is repaired later. */
export interface Blow {
  /** For people. */
  what: string;
  /** The failures that clients may see meanwhile. */
  excuses: Excuses;
  /** Whether issuance must continue meanwhile; if not, clients must notice. */
  serves: boolean;
  /** Its duration in ms; long enough for every time limit involved. */
  lasts: number;
  /** Causes the fault; returns the function that repairs it. */
  harm(): Promise<() => Promise<unknown>>;
}

/** What clients saw of the fault. Times in ms. */
export interface Struck {
  /** From the repair until everything was ready, and until a certificate was issued. */
  ready: number;
  certificate: number;
  /** Certificates, refusals with 503, and requests without a response, during the fault. */
  issued: number;
  refused: number;
  lost: number;
  slowestRefusal: number;
}

/** The load is running well by then. */
const BEFORE = 1_000;
/** How long the load continues after the system reports ready, when nothing excuses a refusal any more. */
const AFTERWARDS = 2_000;
/** A certificate takes a second or two under this load, and clients return within a few. */
const FIRST_CERTIFICATE = 20_000;

/**
 * Causes a fault under load and repairs it; resolves shortly after the recovery. Reports when issuance that should continue
 * stops, when no client notices an outage, and when service does not recover.
 */
export async function strike(
  blow: Blow,
  { subject, world, outages }: { subject: Tried; world: World; outages: Outages },
): Promise<Struck> {
  const { ledger, requests } = world;
  await pause(BEFORE);
  const before = { issued: ledger.certificates.length, refused: requests.refused, lost: requests.lost };
  requests.slowestRefusal = 0;
  const end = outages.begin(blow.excuses);
  subject.note(`striking: ${blow.what}`);
  const heal = await blow.harm();
  await pause(blow.lasts);
  const issued = ledger.certificates.length - before.issued;

  subject.note('healing');
  await heal();
  const whole = Date.now();
  const certificates = ledger.certificates.length;
  await subject.ready().catch((error) => {
    ledger.report('lost', `service, after: ${blow.what}: ${error instanceof Error ? error.message : error}`);
  });
  const ready = Date.now() - whole;
  end();
  subject.note(`all is ready, ${ready} ms after it was whole`);
  await until(FIRST_CERTIFICATE, async () => {
    if (ledger.certificates.length === certificates) throw new Error('no certificate yet');
  }).catch(() => ledger.report('lost', `service: no certificate was issued after: ${blow.what}`));
  const certificate = Date.now() - whole;

  await pause(AFTERWARDS);
  const refused = requests.refused - before.refused;
  const lost = requests.lost - before.lost;
  if (blow.serves && issued === 0) ledger.report('unexpected', `nothing was issued during: ${blow.what}`);
  if (!blow.serves && refused + lost === 0) ledger.report('unexpected', `no client noticed: ${blow.what}`);
  return { ready, certificate, issued, refused, lost, slowestRefusal: requests.slowestRefusal };
}
