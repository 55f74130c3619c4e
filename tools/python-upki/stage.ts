import type { Program } from './process.js';
import type { PythonProgram } from './programs.js';
import type { Scene } from './scene.js';

/** The state that one act leaves to the next. */
export interface Stage {
  scene: Scene;
  programs: Record<'ca' | 'ra', PythonProgram>;
  certbot: string | null;
  seed: string;
  /** PEM file of the Python CA's root, the root of all certificates. */
  root: string;
  /** The running programs, which are ended at the end in any case. */
  running: Map<string, Pick<Program, 'stop'> & Partial<Program>>;
  /** Certificates by their purpose. */
  kept: Map<string, string>;
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** Ends one of the programs. */
export async function stop({ running }: Stage, name: string): Promise<void> {
  const program = running.get(name);
  running.delete(name);
  await program?.stop();
}

/** @throws Error with `what` unless the condition is true */
export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
