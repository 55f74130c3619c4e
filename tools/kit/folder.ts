import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes an empty folder below the temporary one; what a test run leaves there is removed at its end. */
export const newFolder = (name = 'test'): string => mkdtempSync(join(tmpdir(), `upki-${name}-`));
