import { join } from 'node:path';
import { migrated } from './acts/migrated.js';
import { ourRa } from './acts/our-ra.js';
import { pythonAlone } from './acts/python-alone.js';
import { pythonRa } from './acts/python-ra.js';
import type { Scene } from './scene.js';
import type { Stage } from './stage.js';

export interface Step {
  name: string;
  seconds: number;
  error: string | null;
}

class Stopped extends Error {}

/** Plays one act after the other; a failed step ends the story, because every later step depends on it. */
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
