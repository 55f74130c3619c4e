import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, start } from '../../kit/command.js';
import { until } from '../../kit/until.js';
import { PEBBLE } from '../pebble.js';
import { standIn } from './stand-in.js';
import type { Result, Suite } from './suite.js';

/** The release whose tests are run. */
const COMMIT = '6c7e1cbae419d3b567906efa7bb60cd8edb6dd71';
/** Where Pebble's own configuration has its directory. */
const DIRECTORY = 'https://localhost:14000/dir';
const START_LIMIT = 60_000;

/** Go's eggsampler/acme. Its tests look for Pebble at Pebble's own addresses, with its challenge servers. */
export const eggsampler: Suite = {
  name: 'eggsampler/acme',
  known: {
    TestClient_Fetch: 'it signs /dir, where the stand-in has the directory; uPKI signs for /acme/directory',
    TestClient_AccountKeyChange:
      'it wants malformed for a kid that is no account; uPKI says accountDoesNotExist, as RFC 8555 has it for those',
    TestClient_NewOrderWithProfile:
      'it sends the member "Profile" for "profile", which only Go reads without regard to capitals',
  },
  async prepare(tools) {
    const source = await tools.source('eggsampler/acme', COMMIT);
    const servers = await tools.go(
      `${PEBBLE.module}/cmd/pebble-challtestsrv`,
      PEBBLE.version,
      'pebble-challtestsrv',
    );
    const downloaded = await run('go', ['mod', 'download', '-json', `${PEBBLE.module}@${PEBBLE.version}`]);
    const { Dir: pebble }: { Dir: string } = JSON.parse(downloaded);
    const program = join(tools.cache, 'go/eggsampler.test');
    await run('go', ['test', '-c', '-o', program, '.'], {
      cwd: source,
      env: { CGO_ENABLED: '0' },
      timeout: 600_000,
    });
    return async () => {
      const folder = await mkdtemp(join(tmpdir(), 'upki-suite-'));
      const log = join(folder, 'log');
      const answers = start(
        servers,
        ['-defaultIPv6', '', '-defaultIPv4', '127.0.0.1', '-https01', '', '-doh', ''],
        { log },
      );
      const config = ['-config', 'test/config/pebble-config.json', '-dnsserver', '127.0.0.1:8053'];
      const upki = start(await standIn(folder), config, { cwd: pebble, log });
      try {
        await until(START_LIMIT, () => serves(DIRECTORY));
        const said = await run('sh', ['-c', '"$0" -test.v 2>&1 || true', program], {
          cwd: source,
          env: { PEBBLE_PATH: pebble },
          timeout: 300_000,
        });
        return readGoTest(said);
      } finally {
        await upki.stop();
        await answers.stop();
        await rm(folder, { recursive: true, force: true });
      }
    };
  },
};

/** What `go test -v` prints. */
function readGoTest(text: string): Result[] {
  const results: Result[] = [];
  let said: string[] = [];
  for (const line of text.split('\n')) {
    const [, verdict, test] = /^--- (PASS|FAIL): (\S+)/.exec(line) ?? [];
    if (test !== undefined) results.push({ test, passed: verdict === 'PASS', said: said.join('\n') });
    if (test !== undefined || line.startsWith('=== RUN')) said = [];
    else said.push(line.trim());
  }
  return results;
}

function serves(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, { rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume();
      if (answer.statusCode === 200) resolve();
      else reject(new Error(`${url} answered ${answer.statusCode}`));
    }).on('error', reject);
  });
}
