import type { Chance } from '../promises/chance.js';
import type { Round, Victim } from '../promises/round.js';

const VICTIMS: readonly Victim[] = ['ra', 'ca', 'both', 'supervisor', 'all'];
/**
 * How often one program may die under one supervisor, which waits longer before each restart and gives up at the sixth death
 * within a minute. Rounds are too short for it to forget earlier deaths.
 */
export const MOST_DEATHS = 3;

/** Kills each victim once in every five rounds, in random order; a fresh supervisor starts before a program died too often. */
export function planRounds(count: number, chance: Chance): Round[] {
  const rounds: Round[] = [];
  const deaths = { ra: 0, ca: 0 };
  let deck: Victim[] = [];
  while (rounds.length < count) {
    if (deck.length === 0) deck = chance.shuffled(VICTIMS);
    const round = draw(deck.pop() ?? 'all', chance);
    const fits = (kills: readonly Victim[]) =>
      (['ra', 'ca'] as const).every((program) => deaths[program] + died(program, kills) <= MOST_DEATHS);
    if (round.again && !fits([round.victim, round.again.victim])) round.again = null;
    if (!fits([round.victim])) round.victim = 'all';
    if (round.victim === 'all' || round.victim === 'supervisor') {
      deaths.ra = 0;
      deaths.ca = 0;
    } else {
      const kills = [round.victim, ...(round.again ? [round.again.victim] : [])];
      deaths.ra += died('ra', kills);
      deaths.ca += died('ca', kills);
    }
    rounds.push(round);
  }
  return rounds;
}

function draw(victim: Victim, chance: Chance): Round {
  const after = chance.between(100, 1500);
  const twice = chance.happens(0.3);
  const again = { victim: chance.pick(['ra', 'ca', 'both'] as const), after: chance.between(0, 1200) };
  const restarts = victim !== 'supervisor' && victim !== 'all';
  return { victim, after, again: twice && restarts ? again : null };
}

function died(program: 'ra' | 'ca', kills: readonly Victim[]): number {
  return kills.filter((victim) => victim === program || victim === 'both').length;
}
