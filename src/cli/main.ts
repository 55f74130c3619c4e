#!/usr/bin/env node
import { outliveReaders } from './pipes.js';

outliveReaders();
const words = process.argv.slice(2);
// The process of `upki start` stays for months: it loads only what it needs for that.
if (words[0] === 'start') (await import('./supervise.js')).supervise(words);
else await (await import('./program.js')).run(words);
