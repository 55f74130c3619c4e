import { join } from 'node:path';
import { migrated } from './acts/migrated.js';
import { ourRa } from './acts/our-ra.js';
import { pythonAlone } from './acts/python-alone.js';
import { pythonRa } from './acts/python-ra.js';
import type { Program } from './process.js';
import type { PythonProgram } from './programs.js';
import type { Scene } from './scene.js';

export interface Step {
  name: string;
  seconds: number;
  error: string | null;
}

/** What one act leaves to the next. */
export interface Stage {
  scene: Scene;
  programs: Record<'ca' | 'ra', PythonProgram>;
  certbot: string | null;
  seed: string;
  /** PEM file of the Python CA's root, the root of everything. */
  root: string;
  /** What runs, ended at the end whatever happens. */
  running: Map<string, Pick<Program, 'stop'> & Partial<Program>>;
  /** Certificates by what they are there for. */
  kept: Map<string, string>;
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}

class Stopped extends Error {}

/** Plays one act after the other; a failed step ends the story, for every later one stands on it. */
export async function play(
  scene: Scene,
  programs: Stage['programs'],
  certbot: string | null,
  report: (step: Step) => void,
): Promise<Step[]> {
  const steps: Step[] = [];
  const stage: Stage = {
    scene,
    programs,
    certbot,
    seed: 'a-seed-of-the-python-programs',
    root: join(scene.folder, 'root.pem'),
    running: new Map(),
    kept: new Map(),
    async step(name, work) {
      const began = Date.now();
      let error: string | null = null;
      try {
        return await work();
      } catch (thrown) {
        error = thrown instanceof Error ? thrown.message : String(thrown);
        throw new Stopped(name);
      } finally {
        const step = { name, seconds: (Date.now() - began) / 1000, error };
        steps.push(step);
        report(step);
      }
    },
  };
  try {
    for (const act of [pythonAlone, ourRa, pythonRa, migrated]) await act(stage);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    for (const program of [...stage.running.values()].reverse()) await program.stop().catch(() => undefined);
    await scene.close();
  }
  return steps;
}

/** Ends one of the programs. */
export async function stop({ running }: Stage, name: string): Promise<void> {
  const program = running.get(name);
  running.delete(name);
  await program?.stop();
}

/** @throws Error with `what` unless it holds */
export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
