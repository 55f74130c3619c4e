import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { pebbleNetwork } from './pebble-network.js';
import type { Result, Suite } from './suite.js';

/** The release whose tests are run. */
const COMMIT = '6c7e1cbae419d3b567906efa7bb60cd8edb6dd71';

/** Go's eggsampler/acme. Its tests expect Pebble at Pebble's own addresses, with its challenge servers. */
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
    const network = await pebbleNetwork(tools);
    const program = join(tools.cache, 'go/eggsampler.test');
    await run('go', ['test', '-c', '-o', program, '.'], {
      cwd: source,
      env: { CGO_ENABLED: '0' },
      timeout: 600_000,
    });
    return () =>
      network.during(async () => {
        const said = await run('sh', ['-c', '"$0" -test.v 2>&1 || true', program], {
          cwd: source,
          env: { PEBBLE_PATH: network.pebble },
          timeout: 300_000,
        });
        return readGoTest(said);
      });
  },
};

/** Reads the output of `go test -v`. */
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
