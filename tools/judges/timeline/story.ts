import { X509Certificate } from 'node:crypto';
import { until } from '../../kit/until.js';
import type { Installation } from './installation.js';
import type { Renewer } from './renewers.js';
import type { Witness } from './witness.js';

const HOUR = 3600_000;
const DAY = 24 * HOUR;
const YEAR = 365.25 * DAY;
/** The time programs take to notice their clock and its effects. */
const NOTICED = 40_000;

export interface Step {
  name: string;
  /** Left out of the short form. */
  long?: boolean;
  run(): Promise<void>;
}

/** The steps of the clocks, in order; each rejects with the check that failed. */
export function story(
  { ra, ca, clocks, complaint, onCaMachine }: Installation,
  witness: Witness,
  renewers: readonly Renewer[],
): Step[] {
  const all = async (ahead: number) => {
    await Promise.all([clocks.ra.set(ahead), clocks.ca.set(ahead), clocks.client.set(ahead)]);
  };
  const programs = async (ahead: number) => {
    await Promise.all([clocks.ra.set(ahead), clocks.ca.set(ahead)]);
  };
  const till = (year: number, month = 1) => Date.UTC(year, month, 2) - Date.now();
  const isReady = () =>
    until(NOTICED, async () => {
      const said = await complaint();
      if (said !== null) throw new Error(`it is not ready: ${said}`);
    });
  const says = (words: RegExp) =>
    until(NOTICED, async () => {
      const said = await complaint();
      if (said === null || !words.test(said)) throw new Error(`readiness says "${said}", not ${words}`);
    });
  const served = async () => {
    await isReady();
    await witness.isServed();
  };
  const at = (name: string, ahead: () => number, long = false): Step => ({
    ...{ name, long },
    async run() {
      await all(ahead());
      await served();
    },
  });
  const rightAgain = async (ahead: number) => {
    await programs(ahead);
    await served();
  };
  const rollRoot = async () => {
    await onCaMachine('rollover', 'root');
    await onCaMachine('rollover', 'root', '--switch');
    await onCaMachine('rollover', 'root', '--retire');
  };

  const clients = renewers.map(({ name }) => name).join(' and ');
  const issuers = new Map<string, string>();

  return [
    {
      name: 'at the start; one certificate is revoked',
      run: async () => void (await witness.obtain('revoke')),
    },
    { name: 'a day, an hour every half second', long: true, run: () => runFast() },
    at('a month later', () => 31 * DAY),
    {
      name: 'programs whose clock is a year ahead for a while, in which one certificate is issued and one revoked',
      async run() {
        const { ahead } = clocks.client;
        await all(ahead + YEAR);
        await witness.obtain('revoke');
        await clocks.client.set(ahead);
        await rightAgain(ahead);
      },
    },
    {
      name: 'programs whose clock is a day behind',
      async run() {
        const { ahead } = clocks.client;
        await programs(ahead - DAY);
        await witness.isIssuedTo().finally(() => programs(ahead));
        await served();
      },
    },
    {
      name: 'an RA a day ahead of its CA, then a CA a day ahead of its RA',
      async run() {
        const { ahead } = clocks.client;
        await clocks.ra.set(ahead + DAY);
        await says(/the clocks of RA and CA differ by 1 day/);
        await witness.isServed();
        await clocks.ra.set(ahead);
        await served();
        await clocks.ca.set(ahead + DAY);
        await says(/the clocks of RA and CA differ by 1 day/);
        await clocks.ca.set(ahead);
        await served();
      },
    },
    {
      name: 'programs whose clock is four years ahead: the issuer they make is replaced',
      async run() {
        const { ahead } = clocks.client;
        await programs(ahead + 4 * YEAR);
        await until(NOTICED, async () => {
          const { length } = (await onCaMachine('status')).match(/^\s*issuer\b.*/gim) ?? [];
          if ((length ?? 0) < 2) throw new Error('no other issuer was made');
        });
        await rightAgain(ahead);
      },
    },
    { name: 'one more is revoked', run: async () => void (await witness.obtain('revoke')) },
    at('half a year later', () => 181 * DAY),
    {
      name: 'an RA that was off for a year',
      async run() {
        await ra.stop();
        await all(181 * DAY + YEAR);
        await ra.start();
        await served();
      },
    },
    {
      name: `a month before, ${clients} get certificates`,
      async run() {
        await all(2.6 * YEAR - 30 * DAY);
        await served();
        for (const each of renewers) issuers.set(each.name, issuerOf(await each.obtain()));
      },
    },
    {
      name: '2.6 years later: the issuer is succeeded',
      async run() {
        const before = issuerOf(await witness.obtain());
        await all(2.6 * YEAR);
        await until(NOTICED, async () => {
          if (issuerOf(await witness.obtain()) === before) throw new Error(`${before} still issues`);
        });
        await served();
      },
    },
    {
      name: `${clients} renew by the next issuer`,
      async run() {
        for (const each of renewers) {
          const renewed = await each.renew();
          if (issuerOf(renewed) === issuers.get(each.name))
            throw new Error(`${each.name} renewed by the issuer of before`);
          await witness.verifies(renewed);
        }
      },
    },
    {
      name: 'both programs started anew',
      long: true,
      async run() {
        await ra.stop();
        await ca.stop();
        await ca.start();
        await ra.start();
        await served();
      },
    },
    at('five years later: the first issuer has ended', () => 5.1 * YEAR),
    {
      name: 'eight years later another root is made and used',
      async run() {
        await all(8 * YEAR);
        await served();
        await rollRoot();
        await served();
      },
    },
    at('ten years later: the first root has ended', () => 10.2 * YEAR),
    at('in February 2038, beyond what 32 bits count', () => till(2038)),
    {
      name: 'sixteen years later a third root is used',
      long: true,
      async run() {
        await all(16 * YEAR);
        await served();
        await rollRoot();
        await served();
      },
    },
    at('in February 2050, where GeneralizedTime begins (RFC 5280 §4.1.2.5)', () => till(2050), true),
  ];

  async function runFast(): Promise<void> {
    await Promise.all([clocks.ra.runFast(24), clocks.ca.runFast(24), clocks.client.runFast(24)]);
    await served();
  }
}

const issuerOf = ({ chain }: { chain: string }): string => new X509Certificate(chain).issuer;
