import { System } from '../crash/system.js';
import { faultLine } from './lines.js';
import { saysDatabaseAway } from './logged.js';
import type { Options } from './options.js';
import { type Struck, strike } from './strike.js';
import { Tmpfs } from './tmpfs.js';
import { runTrial } from './trial.js';

/** Holds what a run of a minute writes. */
const MEGABYTES = 64;

const BLOW = {
  name: 'disk',
  what: 'fill the disk under SQLite, and free it again',
  excuses: { lost: false, unavailable: true },
  serves: false,
  lasts: 3_000,
};

/** `upki start` on a small disk. @throws NotMountable */
export async function runDisk({ clients, seed }: Options, say: (line: string) => void): Promise<boolean> {
  const disk = await Tmpfs.mount(MEGABYTES);
  let passed = false;
  try {
    passed = await runTrial({
      clients,
      seed,
      say,
      async start(env, report, outages) {
        const system = await System.prepare(outages, env, report, disk.path);
        await system.start();
        return system;
      },
      async attempt({ subject, world, outages, run }) {
        say(`upki start with SQLite on a disk of ${MEGABYTES} MB; ${clients} clients`);
        let struck: Struck | null = null;
        subject.tolerates = saysDatabaseAway;
        const report = await run.round(async () => {
          struck = await strike({ ...BLOW, harm: () => disk.fill() }, { subject, world, outages });
          return struck.certificate;
        });
        subject.tolerates = () => false;
        if (struck) say(faultLine(BLOW, struck, report));
        return 'the disk filled once';
      },
    });
  } finally {
    const copy = await disk.unmount(!passed);
    if (copy !== null) say(`kept: ${copy}`);
  }
  return passed;
}
