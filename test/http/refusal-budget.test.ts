import { expect, it } from 'vitest';
import { RefusalBudget } from '../../src/http/refusal-budget.js';

function flood(budget: RefusalBudget, address: string, times: number): number {
  return Array.from({ length: times }, () => budget.take(address)).filter(({ log }) => log).length;
}

it('an address that is refused repeatedly does not fill the log, and does not use up the share of another', () => {
  const budget = new RefusalBudget(() => 0);
  expect(flood(budget, '10.0.0.1', 10_000)).toBe(30);
  expect(flood(budget, '10.0.0.2', 1)).toBe(1);
});

it('many addresses together fill no log either', () => {
  const budget = new RefusalBudget(() => 0);
  const logged = Array.from({ length: 10_000 }, (_, n) => flood(budget, `10.0.${n >> 8}.${n & 255}`, 1));
  expect(logged.reduce((sum, each) => sum + each)).toBe(300);
});

it('the number of refusals left out in a minute is logged once, in the next', () => {
  let now = 0;
  const budget = new RefusalBudget(() => now);
  flood(budget, '10.0.0.1', 100);
  now = 60_000;
  expect(budget.take('10.0.0.1')).toEqual({ log: true, suppressed: 70 });
  expect(budget.take('10.0.0.1')).toEqual({ log: true, suppressed: 0 });
});
