#!/usr/bin/env node
import { run } from './program.js';

// A reader that closed the pipe (`upki config | head`) is not an error, and must not stop a server.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

await run(process.argv.slice(2));
