import { outliveReaders } from './pipes.js';
import { run } from './program.js';

// The second process of `upki start`, see supervise.ts. It ends with its work, or with the supervisor.
outliveReaders();
process.once('disconnect', () => process.exit());
await run(process.argv.slice(2));
process.disconnect();
