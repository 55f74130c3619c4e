import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { onLoopback } from '../../chaos/balancer.js';
import { CHECKOUT } from '../support/upki.js';

const shipped = readFileSync(join(CHECKOUT, 'deploy/compose/haproxy.cfg'), 'utf8');
const front = { port: 20_000, plainPort: 20_001 };

describe('the HAProxy configuration the chaos run uses', () => {
  it('is the one in deploy/, with addresses of this machine', () => {
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

  it('is not used with an RA that is not there', () => {
    expect(() => onLoopback(shipped, front, [21_000, 22_000])).toThrow(/server ra3 ra3:8000/);
  });
});
