import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type CaHealth, CaLacksTask, CaUnavailable } from '../../../src/model/ca.js';
import { CaHealthWatch, skewSentence } from '../../../src/programs/ra/ca-health.js';
import { healthOf } from '../../../src/programs/ra/readiness.js';
import { failedChecks } from '../../../src/rest/health.js';
import { createTestPki } from '../../../tools/kit/test-pki.js';

const NOW = Date.parse('2027-03-01T00:00:00Z');
const MINUTE = 60_000;

function watching(health: () => Promise<CaHealth>) {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) });
  const ca = { health, ping: async () => undefined };
  return { lines, watch: new CaHealthWatch({ ca, clock: () => NOW, log }) };
}

describe('the skew between the clocks of RA and CA', () => {
  it.each([
    [0, null],
    [MINUTE, null],
    [-MINUTE, null],
    [61_000, 'differ by 1 minute'],
    [-61_000, 'differ by 1 minute'],
    [-90 * MINUTE, 'differ by 2 hours'],
    [86_400_000, 'differ by 1 day'],
    [-800 * 86_400_000, 'differ by 2 years'],
  ])('of %i ms is told of beyond a minute', (ahead, words) => {
    const sentence = skewSentence(NOW + ahead, NOW, 0);
    if (words === null) expect(sentence).toBeNull();
    else expect(sentence).toContain(words);
  });

  it('is not made up from the time an answer takes', () => {
    expect(skewSentence(NOW + 65_000, NOW, 6_000)).toBeNull();
    expect(skewSentence(NOW - 65_000, NOW, 6_000)).not.toBeNull();
  });

  it('is in readiness, and in the log once, until it is over', async () => {
    let time = NOW;
    const { lines, watch } = watching(async () => ({ time, troubles: [] }));
    await watch.look();
    expect(lines).toEqual([]);
    time += 86_400_000;
    await watch.look();
    time += 5_000;
    await watch.look();
    expect(lines).toEqual([expect.stringContaining('the clocks of RA and CA differ by 1 day')]);
    expect(await watch.troubles()).toHaveLength(1);
    time = NOW;
    await watch.look();
    expect(lines.at(-1)).toBe('the clocks of RA and CA agree again');
    expect(lines).toHaveLength(2);
  });
});

describe('readiness', () => {
  const store = { ping: async () => undefined };

  it('reports in whole sentences what expired and when, for the CA and for the RA’s own certificate', async () => {
    const { cert } = createTestPki().leaf({ names: ['ra.test'] });
    const ended = 'the issuer "CN=x" ended on 2027-01-01: nothing can be issued under it';
    const { watch } = watching(async () => ({ time: NOW, troubles: [ended] }));
    const tls = { material: () => ({ cert, key: '', clientCa: [] }) };
    const checks = (now: number) =>
      healthOf({
        ca: watch,
        store,
        tls,
        authorities: () => [],
        clock: () => now,
        behind: () => null,
        workers: () => [],
      }).checks;
    expect(await failedChecks(checks(Date.now()))).toEqual([ended]);
    expect(await failedChecks(checks(Date.now() + 50 * 365 * 86_400_000))).toEqual([
      ended,
      expect.stringMatching(/^the certificate of this RA ended on 20/),
    ]);
    expect(await failedChecks(checks(0))).toEqual([
      ended,
      expect.stringMatching(/^the certificate of this RA is not valid before 20/),
    ]);
  });

  it('only checks whether an older CA answers, and reports when no CA does', async () => {
    const older = watching(() => Promise.reject(new CaLacksTask('get_health')));
    expect(await older.watch.troubles()).toEqual([]);
    const away = watching(() => Promise.reject(new CaUnavailable('away')));
    await away.watch.look();
    expect(away.lines).toEqual([]);
    await expect(away.watch.troubles()).rejects.toThrow(CaUnavailable);
  });
});
