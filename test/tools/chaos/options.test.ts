import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { sayDatabaseAway } from '../../../src/programs/database.js';
import { logEvents } from '../../../src/programs/ra/events.js';
import { StoreUnavailable } from '../../../src/store/contract/errors.js';
import { saysDatabaseAway } from '../../../tools/chaos/logged.js';
import { readOptions } from '../../../tools/chaos/options.js';

describe('a log line while the database is unavailable', () => {
  it.each([
    ['a store that is unavailable', { level: 50, err: { type: 'StoreUnavailable' }, msg: 'request failed' }],
    ['lost connections', { level: 50, msg: 'the database is away; it is being opened again' }],
  ])('is expected if it reports %s', (_, line) => {
    expect(saysDatabaseAway(JSON.stringify(line))).toBe(true);
  });

  it('is expected in the programs’ own words', () => {
    const lines: string[] = [];
    const say = (msg: string) => lines.push(JSON.stringify({ level: 50, msg }));
    const away = sayDatabaseAway({ variable: 'UPKI_DATABASE_URL', say });
    const error = new StoreUnavailable('Query read timeout');
    away(error);
    logEvents(pino({ enabled: false }), away).error(error);
    expect(lines).toHaveLength(2);
    expect(lines.filter((line) => !saysDatabaseAway(line))).toEqual([]);
  });

  it.each([
    ['another error', JSON.stringify({ level: 50, err: { type: 'TypeError' }, msg: 'request failed' })],
    ['a stack trace', '    at Object.<anonymous>'],
    ['JSON that is not a log line', 'null'],
  ])('is a finding when it is %s', (_, line) => {
    expect(saysDatabaseAway(line)).toBe(false);
  });
});

describe('the command line of the chaos run', () => {
  it('selects everything, the short parts, or the named parts', () => {
    const all = readOptions([])?.parts ?? new Set();
    const short = readOptions(['--short'])?.parts ?? new Set();
    expect([...short].every((name) => all.has(name))).toBe(true);
    expect(short.size).toBeGreaterThan(4);
    expect(short.size).toBeLessThan(all.size);
    expect(readOptions(['--only', 'disk,ra'])?.parts).toEqual(new Set(['disk', 'ra']));
  });

  it.each([
    ['--only', 'raa'],
    ['--clients', '0'],
    ['--seed', 'x'],
    ['--rounds', '3'],
  ])('refuses %s %s', (...args) => {
    expect(() => readOptions(args)).toThrow();
  });
});
