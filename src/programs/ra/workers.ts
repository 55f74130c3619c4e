import cluster from 'node:cluster';
import { join } from 'node:path';
import { makePrivateFolder, readIfThere, setAside, writeDurably } from '../../lib/files.js';
import type { Running } from '../child.js';
import { CannotStart } from '../exit.js';
import type { ProgramSettings } from '../settings.js';
import { Supervisor } from '../supervisor.js';
import { RaFiles } from './files.js';
import { type WorkersMessage, workerEnvironment, workerFolder } from './worker.js';

const say = (sentence: string) => process.stderr.write(`uPKI: ${sentence}\n`);

const nameOf = (number: number) => `RA worker ${number}`;

/**
 * Runs the RA as `UPKI_RA_WORKERS` processes of this command. They are replicas on one PostgreSQL database, and share the listening
 * sockets that this process opens; this process serves nothing itself. The first worker starts alone, because it registers the RA and
 * migrates the database.
 * @throws CannotStart when another worker must register and there is no seed
 */
export async function startWorkers(settings: ProgramSettings): Promise<Running> {
  // The kernel gives each connection to a waiting worker. No process forwards connections, and a killed worker loses only connections
  // that it had accepted.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const numbers = Array.from({ length: settings.raWorkers }, (_, index) => index + 1);
  const tell = () => {
    const serving = supervisor.serving();
    const notServing = numbers.map(nameOf).filter((name) => !serving.includes(name));
    supervisor.send({ notServing } satisfies WorkersMessage);
  };
  const supervisor = new Supervisor({
    say,
    endAtOnce: true,
    onChange: tell,
    onGiveUp: (code) => process.exit(code),
  });
  const start = (number: number) =>
    supervisor.start({ name: nameOf(number), fork: () => cluster.fork(workerEnvironment(number)).process });
  // The supervisor has reported the reason, and ends this process.
  const never = () => new Promise<never>(() => undefined);
  const info = await start(1).catch(never);
  const others = numbers.slice(1);
  for (const number of others) await prepareFolder(settings, number);
  await Promise.all(others.map(start)).catch(never);
  return {
    info,
    reload: async () => supervisor.signal('SIGHUP'),
    stop: () => supervisor.stop(),
  };
}

/** File in a worker's folder that identifies the registration of the first worker. */
const REGISTRATION = 'registration';

/**
 * Makes the folder of a worker other than the first. When the first worker has registered again or has another CA, the old folder is
 * set aside, and this worker registers again too.
 * @throws CannotStart when the worker has to register and there is no seed
 */
export async function prepareFolder(
  { dataDir, caSeed }: Pick<ProgramSettings, 'dataDir' | 'caSeed'>,
  number: number,
): Promise<void> {
  const first = new RaFiles(dataDir);
  const { channel } = await first.keys();
  const registration = `${channel.publicKey} ${(await first.registration())?.caChannelKey}\n`;
  const folder = workerFolder(dataDir, number);
  const isOfFirst = (await readIfThere(join(folder, REGISTRATION))) === registration;
  if (!isOfFirst) await setAside(folder);
  if (caSeed === null && (await new RaFiles(folder).registration()) === null) {
    throw new CannotStart(
      `worker ${number} of this RA has to register with the CA as another replica: set UPKI_CA_SEED or UPKI_CA_SEED_FILE, or UPKI_RA_WORKERS to 1`,
    );
  }
  if (isOfFirst) return;
  await makePrivateFolder(folder);
  await writeDurably(join(folder, REGISTRATION), registration, 0o600);
}
