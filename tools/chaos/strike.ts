import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../kit/until.js';
import type { Excuses, Outages } from '../promises/outages.js';
import type { World } from '../promises/world.js';
import type { Tried } from './trial.js';

/** Something that breaks, and is whole again later. */
export interface Blow {
  /** For people. */
  what: string;
  /** What clients may hear meanwhile. */
  excuses: Excuses;
  /** Whether certificates must be issued meanwhile; if not, clients must notice. */
  serves: boolean;
  /** ms it lasts; long enough for every time limit on the way. */
  lasts: number;
  /** Breaks it; answers what makes it whole. */
  harm(): Promise<() => Promise<unknown>>;
}

/** What clients saw of it. Times in ms. */
export interface Struck {
  /** From the moment it was whole again until all was ready, and until a certificate was issued. */
  ready: number;
  certificate: number;
  /** Certificates, refusals with 503, and requests without an answer, while it lasted. */
  issued: number;
  refused: number;
  lost: number;
  slowestRefusal: number;
}

/** The load is well under way by then. */
const BEFORE = 1_000;
/** It goes on for so long on a system that says it is back, when nothing excuses a refusal any more. */
const AFTERWARDS = 2_000;
/** A certificate takes a second or two under this load, and clients come back within a few. */
const FIRST_CERTIFICATE = 20_000;

/**
 * Breaks something under load and makes it whole again; resolves a moment after service is back. Reports when what should go
 * on meanwhile does not, when nobody notices what does not, and when service does not come back.
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
  if (!blow.serves && refused + lost === 0) ledger.report('unexpected', `nobody noticed: ${blow.what}`);
  return { ready, certificate, issued, refused, lost, slowestRefusal: requests.slowestRefusal };
}
