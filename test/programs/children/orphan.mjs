import { once } from 'node:events';
import { createServer } from 'node:net';

// Its supervisor goes while it is being loaded.
const gone = once(process, 'disconnect');
process.send?.('loading');
await gone;
const { runProgram } = await import(new URL('../../../dist/programs/child.js', import.meta.url).href);
await runProgram('CA', async () => {
  createServer().listen(0, '127.0.0.1');
  return { info: {}, stop: async () => {} };
});
