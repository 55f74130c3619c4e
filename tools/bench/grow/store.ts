import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CHECKOUT } from '../../kit/upki.js';

const built: typeof import('../../../src/store/index.js') = await import(
  pathToFileURL(join(CHECKOUT, 'dist/store/index.js')).href
);

/** The build's own store: it starts its database threads from files that the compiled tools do not have. */
export const { openCaStore, openRaStore } = built;
