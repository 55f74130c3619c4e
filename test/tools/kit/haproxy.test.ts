import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { forRas, onLoopback } from '../../../tools/kit/haproxy.js';
import { CHECKOUT } from '../../../tools/kit/upki.js';

const shipped = readFileSync(join(CHECKOUT, 'deploy/compose/haproxy.cfg'), 'utf8');
const front = { port: 20_000, plainPort: 20_001 };

describe('the HAProxy configuration of the chaos run', () => {
  it('is the one in deploy/, with this machine’s addresses', () => {
    const config = onLoopback(shipped, front, [21_000, 22_000, 23_000]);
    expect(config.match(/^ +(?:server|bind) .*$/gm)).toEqual([
      '    bind 127.0.0.1:20000',
      '    bind 127.0.0.1:20001',
      ...['21000', '22000', '23000'].map((port, index) => `    server ra${index + 1} 127.0.0.1:${port}`),
      ...['21000', '22000', '23000'].map((port, index) => `    server ra${index + 1} 127.0.0.1:${port}`),
      ...['21001', '22001', '23001'].map((port, index) => `    server ra${index + 1} 127.0.0.1:${port}`),
    ]);
    const rest = (text: string) =>
      text.match(/^ +(?:option|balance|use_backend|default_backend|timeout) .*$/gm);
    expect(rest(config)).toEqual(rest(shipped));
  });

  it('has a line for each RA in every backend, however many there are', () => {
    expect(forRas(shipped, 3)).toBe(shipped);
    for (const count of [2, 4, 11]) {
      const ras = Array.from({ length: count }, (_, index) => 21_000 + 10 * index);
      const servers = onLoopback(forRas(shipped, count), front, ras).match(/server ra\d+ \S+/g);
      const lines = (above: number) => ras.map((port, at) => `server ra${at + 1} 127.0.0.1:${port + above}`);
      expect(servers).toEqual([...lines(0), ...lines(0), ...lines(1)]);
    }
  });

  it('is refused for an RA that it does not list', () => {
    expect(() => onLoopback(shipped, front, [21_000, 22_000])).toThrow(/server ra3 ra3:8000/);
  });
});
