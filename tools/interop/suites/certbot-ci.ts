import { copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lastLines, run } from '../../kit/command.js';
import { newFolder } from '../../kit/folder.js';
import { readJunit } from './junit.js';
import { challengeServers } from './pebble-network.js';
import { ended, standIn } from './stand-in.js';
import type { Suite } from './suite.js';

/** Release 5.6.0. */
const COMMIT = '03b5cf3cb035d1ff79f0fb008e7dacb4b40a579e';
/** The release of Pebble that it would download; it first looks for programs with this name. */
const PLATFORM = `v2.8.0_linux_${process.arch === 'x64' ? 'amd64' : 'arm64'}`;
/** Time limit: about sixty tests, each with several runs of certbot. */
const RUN_LIMIT = 40 * 60_000;

/**
 * certbot's own integration tests, which start Pebble and its challenge servers themselves. Those of its nginx plugin are left out:
 * they run nginx in a folder that only its owner may read, and nginx's workers are another user when root runs them.
 */
export const certbotCi: Suite = {
  name: 'certbot-ci',
  known: {
    test_renew_when_ari_says_its_time:
      'it sets a renewal window at Pebble’s management; those of uPKI follow from the certificate and its issuer',
    test_dry_run_deactivate_authzs:
      'it wants a valid authorization to serve the next order, too; uPKI has a name proven for each order',
    test_preferred_chain: 'it wants three roots at once, as Pebble makes up',
  },
  async prepare(tools) {
    const source = await tools.source('certbot/certbot', COMMIT);
    const packages = ['acme', 'certbot', 'certbot-ci'].map((each) => join(source, each));
    const bin = await tools.pythonFrom('certbot-ci', packages);
    const tests = join(source, 'certbot-ci/src/certbot_integration_tests');
    const assets = join(tests, 'assets');
    await copyFile(await challengeServers(tools), join(assets, `pebble-challtestsrv_${PLATFORM}`));
    return async () => {
      const folder = newFolder('suite');
      const report = join(folder, 'report.xml');
      try {
        await standIn(assets, `pebble_${PLATFORM}`);
        const pytest = [join(bin, 'pytest'), '-q', `--junitxml=${report}`, 'certbot_tests'];
        const said = await run('sh', ['-c', '"$@" 2>&1 || true', 'sh', ...pytest], {
          cwd: tests,
          env: { PATH: `${bin}:${process.env.PATH}`, TMPDIR: folder },
          timeout: RUN_LIMIT,
        });
        await ended(folder);
        const xml = await readFile(report, 'utf8').catch(() => {
          throw new Error(lastLines(said, 25));
        });
        return readJunit(xml);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    };
  },
};
