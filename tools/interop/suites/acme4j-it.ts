import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { NotInstallable, onPath } from '../../kit/tools.js';
import { readJunit } from './junit.js';
import { pebbleNetwork } from './pebble-network.js';
import type { Suite } from './suite.js';

/** Release 5.1.0. */
const COMMIT = '38d525f0f721cf5f16c3932614c2a0ab51d3bca3';
const MILLISECONDS =
  'it wants the milliseconds of notBefore back; an order shows what its certificate will have, which is whole seconds';
const BUILD_LIMIT = 20 * 60_000;

/** Java's acme4j: its integration tests, for which its own build starts Pebble in Docker. */
export const acme4jIt: Suite = {
  name: 'acme4j-it',
  known: {
    testDeactivate: 'it wants Pebble’s own words of a deactivated account',
    testMetadata: 'it wants Pebble’s own terms and CAA identity',
    testDnsValidation: MILLISECONDS,
    testDnsPersistValidation: MILLISECONDS,
    ...Object.fromEntries(
      ['Http', 'Dns', 'DnsAccount', 'DnsPersist', 'TlsAlpn'].map((each) => [
        `test${each}Validation(String)[3]`,
        'it wants 20 days of a profile that has 6, which Pebble does not hold to',
      ]),
    ),
  },
  async prepare(tools) {
    const mvn = onPath('mvn');
    if (!mvn) throw new NotInstallable('there is no mvn on this machine');
    const source = await tools.source('shred/acme4j', COMMIT);
    const network = await pebbleNetwork(tools);
    const repository = `-Dmaven.repo.local=${join(tools.cache, 'maven/repository')}`;
    // Parts of its build that are not needed: documents and its own linters.
    const skip = ['docker', 'spotbugs', 'maven.javadoc', 'maven.source'].map((each) => `-D${each}.skip`);
    // The other tests use public CAs.
    const only = '-Dit.test=org.shredzone.acme4j.it.pebble.*IT';
    const maven = ['-B', '-q', repository, '-P', 'ci', ...skip, only, '-pl', 'acme4j-it'];
    const options = { cwd: source, timeout: BUILD_LIMIT };
    await run(mvn, [...maven, '-am', '-DskipTests', 'install'], options);
    const reports = join(source, 'acme4j-it/target/failsafe-reports');
    return () =>
      network.during(async () => {
        await rm(reports, { recursive: true, force: true });
        await run('sh', ['-c', '"$@" || true', 'sh', mvn, ...maven, 'verify'], options);
        const files = (await readdir(reports)).filter((each) => /^TEST-.*\.xml$/.test(each));
        const read = await Promise.all(files.map((each) => readFile(join(reports, each), 'utf8')));
        return read.flatMap(readJunit);
      });
  },
};
