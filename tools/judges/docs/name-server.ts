import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestDns } from '../../kit/dns-hooks.js';

/** Resolves every name to this machine. Runs in the namespace of a page, which has a port 53 of its own. */
await startTestDns(53);
writeFileSync(join(process.env.WORLD ?? '.', 'names'), '');
