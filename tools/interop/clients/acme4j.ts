import { join } from 'node:path';
import { CHECKOUT } from '../../kit/upki.js';
import type { Client } from '../client.js';
import { librarySession } from './library.js';

const FOLDER = join(CHECKOUT, 'tools/interop/acme4j');

/** Java's acme4j, from Maven, in the small program of `interop/acme4j`, which Java runs from its source. */
export const acme4j: Client = {
  name: 'acme4j',
  slow: true,
  async install(tools) {
    const { java, classPath, version } = await tools.maven(FOLDER, 'acme4j-client');
    return {
      version,
      async open(world) {
        const trust = ['-keystore', 'trust.p12', '-storepass', 'changeit'];
        const { serverRoot, directoryUrl } = world.authority;
        await world.run('keytool', [
          '-importcert',
          '-noprompt',
          '-alias',
          'root',
          '-file',
          serverRoot,
          ...trust,
        ]);
        const options = [
          '-Djavax.net.ssl.trustStore=trust.p12',
          '-Djavax.net.ssl.trustStorePassword=changeit',
        ];
        const program = [...options, '-cp', classPath, join(FOLDER, 'Interop.java')];
        return librarySession(world, (act, ...args) =>
          world.run(java, [...program, act, directoryUrl, ...args]),
        );
      },
    };
  },
};
