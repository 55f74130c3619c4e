import type { RoundReport } from '../promises/run.js';
import { seconds } from '../promises/tally.js';
import type { Blow, Struck } from './strike.js';

/** The effect of one fault, as a line. */
export function faultLine(
  { name, what, lasts }: Omit<Blow, 'harm'> & { name: string },
  struck: Struck,
  round: RoundReport,
): string {
  const { issued, refused, slowestRefusal, lost, ready, certificate } = struck;
  const refusals =
    refused === 0 ? 'none refused' : `${refused} refused with 503 (slowest ${seconds(slowestRefusal)})`;
  return (
    `${name} (${what}, ${seconds(lasts)}): meanwhile ${issued} certificates, ${refusals}, ${lost} not answered; ` +
    `ready ${seconds(ready)} after, first certificate ${seconds(certificate)}; ` +
    `${round.orders} orders, ${round.interrupted} to finish, ${seconds(round.settling)}; checked in ${seconds(round.checking)}`
  );
}
