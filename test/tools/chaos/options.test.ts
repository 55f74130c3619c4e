import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { sayDatabaseAway } from '../../../src/programs/database.js';
import { logEvents } from '../../../src/programs/ra/events.js';
import { StoreUnavailable } from '../../../src/store/contract/errors.js';
import { saysDatabaseAway } from '../../../tools/chaos/logged.js';
import { readOptions } from '../../../tools/chaos/options.js';

describe('a line of a log while the database is away', () => {
  it.each([
    [
      'of a store that keeps nothing',
      { level: 50, err: { type: 'StoreUnavailable' }, msg: 'request failed' },
    ],
    ['of connections that were lost', { level: 50, msg: 'the database is away; it is being opened again' }],
  ])('is expected when it tells %s', (_, line) => {
    expect(saysDatabaseAway(JSON.stringify(line))).toBe(true);
  });

  it('is expected in the words of the programs themselves', () => {
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
    ['JSON of something else', 'null'],
  ])('is a finding when it is %s', (_, line) => {
    expect(saysDatabaseAway(line)).toBe(false);
  });
});

describe('the command line of the chaos run', () => {
  it('runs everything, or what is short, or what is named', () => {
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
