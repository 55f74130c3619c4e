import { afterEach, expect, it } from 'vitest';
import { listenForScrapes, prefersOpenMetrics } from '../../src/metrics/listener.js';
import { createMetrics } from '../../src/metrics/metrics.js';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of undo.splice(0)) await each();
});

it.each([
  [undefined, false],
  ['*/*', false],
  ['text/plain;version=0.0.4', false],
  ['application/openmetrics-text', true],
  // What Prometheus 3 sends.
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    true,
  ],
  ['text/plain;q=0.9, application/openmetrics-text;q=0.1', false],
  ['application/openmetrics-text;q=0', false],
  [';;q=,,=', false],
])('Accept %j asks for OpenMetrics: %j', (accept, wanted) => {
  expect(prefersOpenMetrics(accept)).toBe(wanted);
});

it('both forms have the same figures, each with its own content type', async () => {
  const metrics = await createMetrics('1.2.3');
  metrics.orders.inc({ outcome: 'issued' }, 3);
  metrics.storeSeconds.observe({ operation: 'ping', outcome: 'ok' }, 0.2);
  const { port, close } = await listenForScrapes(metrics, { host: '127.0.0.1', port: 0 });
  undo.push(close);
  const get = (accept: string) => fetch(`http://127.0.0.1:${port}/metrics`, { headers: { accept } });
  const plain = await get('text/plain');
  expect(plain.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const open = await get('application/openmetrics-text; version=1.0.0');
  expect(open.headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
  expect(open.headers.get('vary')).toBe('accept');
  const [plainText, openText] = [await plain.text(), await open.text()];
  for (const text of [plainText, openText]) {
    expect(text).toContain('upki_orders_total{outcome="issued"} 3');
    expect(text).toContain('upki_store_duration_seconds_count{operation="ping",outcome="ok"} 1');
    expect(text).toContain('process_cpu_seconds_total');
  }
  // OpenMetrics 1.0: a counter is named without its suffix where it is described, and the text has an end.
  expect(openText).toContain('# TYPE upki_orders counter');
  expect(openText.endsWith('# EOF\n')).toBe(true);
  expect(plainText).toContain('# TYPE upki_orders_total counter');
});
