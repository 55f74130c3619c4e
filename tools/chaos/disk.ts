import { System } from '../promises/system.js';
import { faultLine } from './lines.js';
import { saysDatabaseAway } from './logged.js';
import type { Options } from './options.js';
import { type Struck, strike } from './strike.js';
import { Tmpfs } from './tmpfs.js';
import { runTrial } from './trial.js';

/** Large enough for the data of a one-minute run. */
const MEGABYTES = 64;

const FULL = {
  name: 'disk',
  what: 'fill the disk under SQLite, and free it again',
  excuses: { lost: false, unavailable: true },
  serves: false,
  lasts: 3_000,
  harm: (disk: Tmpfs) => disk.fill(),
};

const FULL_AND_KILLED = {
  name: 'disk, killed',
  what: 'the same, and kill -9 RA and CA while it is full',
  excuses: { lost: true, unavailable: true },
  serves: false,
  lasts: 3_000,
  async harm(disk: Tmpfs, { running }: System) {
    const free = await disk.fill();
    await running.kill('both');
    return free;
  },
};

/** `upki start` on a small disk. @throws NotMountable */
export async function runDisk(
  { clients, seed, short }: Options,
  say: (line: string) => void,
): Promise<boolean> {
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
        subject.tolerates = saysDatabaseAway;
        const blows = short ? [FULL] : [FULL, FULL_AND_KILLED];
        for (const blow of blows) {
          let struck: Struck | null = null;
          const report = await run.round(async () => {
            const harm = () => blow.harm(disk, subject);
            struck = await strike({ ...blow, harm }, { subject, world, outages });
            return struck.certificate;
          });
          if (struck) say(faultLine(blow, struck, report));
        }
        subject.tolerates = () => false;
        return `the disk filled ${blows.length} times`;
      },
    });
  } finally {
    const copy = await disk.unmount(!passed);
    if (copy !== null) say(`kept: ${copy}`);
  }
  return passed;
}
