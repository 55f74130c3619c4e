import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createMetrics } from '../../src/metrics/metrics.js';
import { CHECKOUT } from '../../tools/kit/upki.js';

const read = (...path: string[]) => readFileSync(join(CHECKOUT, ...path), 'utf8');

it('every alert that docs/monitoring.md explains is a rule, and every rule is explained there', () => {
  const rules = [...read('deploy', 'monitoring', 'alerts.yaml').matchAll(/^ +- alert: (\w+)$/gm)].map(
    ([, name]) => name,
  );
  const explained = [...read('docs', 'monitoring.md').matchAll(/^\| (Upki\w+) \|/gm)].map(([, name]) => name);
  expect(rules.length).toBeGreaterThanOrEqual(10);
  expect(explained.toSorted()).toEqual(rules.toSorted());
});

it('the alert rules, the dashboard and the docs name only existing metrics', async () => {
  const { registry } = await createMetrics('1.2.3');
  const known = new Set(registry.getMetricsAsArray().map(({ name }) => name));
  for (const path of [
    ['deploy', 'monitoring', 'alerts.yaml'],
    ['deploy', 'monitoring', 'grafana.json'],
  ]) {
    const named = read(...path).match(/upki_[a-z_]+/g) ?? [];
    const unknown = named.filter(
      (name) => !known.has(name) && !known.has(name.replace(/_(?:bucket|count|sum)$/, '')),
    );
    expect([path.at(-1), [...new Set(unknown)]]).toEqual([path.at(-1), []]);
  }
});
