import { join } from 'node:path';
import { CHECKOUT } from '../../kit/upki.js';
import type { Client } from '../client.js';
import { librarySession } from './library.js';

/** Rust's instant-acme (rustls, rcgen), from crates.io, in the small program of `interop/instant-acme`. */
export const instantAcme: Client = {
  name: 'instant-acme',
  slow: true,
  async install(tools) {
    const folder = join(CHECKOUT, 'tools/interop/instant-acme');
    const { program, version } = await tools.cargo(folder, 'instant-acme-interop', 'instant-acme');
    return {
      version,
      open: (world) => {
        const { directoryUrl, serverRoot } = world.authority;
        return librarySession(world, (act, ...args) =>
          world.run(program, [act, directoryUrl, serverRoot, ...args]),
        );
      },
    };
  },
};
