import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_DEATHS, planRounds } from '../../../tools/crash/plan.js';
import { Chance } from '../../../tools/promises/chance.js';
import type { Round } from '../../../tools/promises/round.js';

const plan = (seed: number, count = 50) => planRounds(count, new Chance(seed));

function deaths(program: 'ra' | 'ca', { victim, again }: Round): number {
  return [victim, again?.victim].filter((each) => each === program || each === 'both').length;
}

describe('the plan of a crash run', () => {
  it('is the same for the same seed, and different for another', () => {
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
  });

  it('kills every program', () => {
    const victims = new Set(plan(1).map(({ victim }) => victim));
    expect([...victims].sort()).toEqual(['all', 'both', 'ca', 'ra', 'supervisor']);
    expect(plan(1).some(({ again }) => again !== null)).toBe(true);
  });

  it('never kills a program so often that its supervisor gives up', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const counted = { ra: 0, ca: 0 };
        for (const round of plan(seed)) {
          const fresh = round.victim === 'all' || round.victim === 'supervisor';
          for (const program of ['ra', 'ca'] as const) {
            counted[program] = fresh ? 0 : counted[program] + deaths(program, round);
            expect(counted[program]).toBeLessThanOrEqual(MOST_DEATHS);
          }
        }
      }),
    );
  });
});
