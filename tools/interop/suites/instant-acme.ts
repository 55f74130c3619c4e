import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { newFolder } from '../../kit/folder.js';
import { NotInstallable, onPath } from '../../kit/tools.js';
import { challengeServers } from './pebble-network.js';
import { ended, standIn } from './stand-in.js';
import type { Result, Suite } from './suite.js';

/** The release whose tests are run. */
const COMMIT = '081ac920ac9e87667850a90fd49e39fec2e64592';
/** Time limit: a dozen tests, each with its own uPKI. */
const RUN_LIMIT = 900_000;

/** Rust's instant-acme. Each of its tests starts the program named by the variable PEBBLE, with a configuration it writes. */
export const instantAcmeSuite: Suite = {
  name: 'instant-acme',
  known: {},
  async prepare(tools) {
    const cargo = onPath('cargo');
    if (!cargo) throw new NotInstallable('there is no cargo on this machine');
    const source = await tools.source('djc/instant-acme', COMMIT);
    const servers = await challengeServers(tools);
    const env = { CARGO_TARGET_DIR: join(tools.cache, 'cargo-suites') };
    const test = ['test', '--test', 'pebble'];
    await run(cargo, [...test, '--no-run'], { cwd: source, env, timeout: RUN_LIMIT });
    return async () => {
      const folder = newFolder('suite');
      try {
        const how = ['--', '--ignored', '--test-threads=1'];
        const said = await run('sh', ['-c', '"$@" 2>&1 || true', 'sh', cargo, ...test, ...how], {
          cwd: source,
          env: { ...env, PEBBLE: await standIn(folder), CHALLTESTSRV: servers, TMPDIR: folder },
          timeout: RUN_LIMIT,
        });
        await ended(folder);
        return readCargoTest(said);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    };
  },
};

/** Reads the output of `cargo test`: each test, the output of its programs, its result; at the end the output of the failed ones. */
function readCargoTest(text: string): Result[] {
  const results: Result[] = [];
  let current: string | null = null;
  for (const line of text.split('\n')) {
    const [, test, rest] = /^test (\S+) \.\.\. ?(.*)$/.exec(line) ?? [];
    current = test ?? current;
    const verdict = test === undefined ? line : rest;
    if (current === null || (verdict !== 'ok' && verdict !== 'FAILED')) continue;
    const [, said = ''] = text.split(`---- ${current} stdout ----`);
    results.push({
      test: current,
      passed: verdict === 'ok',
      said: said.split('\n---- ')[0]?.trim() ?? '',
    });
    current = null;
  }
  return results;
}
