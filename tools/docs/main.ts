import { writeFileSync } from 'node:fs';
import { documents } from './documents.js';

for (const { file, text } of documents()) writeFileSync(file, text);
