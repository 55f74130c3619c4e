import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestDns } from '../../kit/dns-hooks.js';

/** Every name leads to this machine. Runs in the namespace of a page, whose port 53 is its own. */
await startTestDns(53);
writeFileSync(join(process.env.WORLD ?? '.', 'names'), '');
