import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeChannel } from '../../src/channel/describe.js';
import { configurationReference, migrationReference } from '../../src/config/index.js';
import { clientsPage } from './clients.js';
import { foldersTable } from './folders.js';

/** Every generated document, or generated part of one: `npm run docs` writes them, tests compare them. */
export function documents(root = process.cwd()): { file: string; text: string }[] {
  const architecture = join(root, 'docs/architecture.md');
  const migration = join(root, 'docs/migration.md');
  return [
    { file: join(root, 'docs/configuration.md'), text: configurationReference() },
    {
      file: migration,
      text: replaceMarked(readFileSync(migration, 'utf8'), 'settings', migrationReference()),
    },
    { file: join(root, 'docs/channel.md'), text: describeChannel() },
    { file: join(root, 'docs/clients/README.md'), text: clientsPage(root) },
    {
      file: architecture,
      text: replaceMarked(readFileSync(architecture, 'utf8'), 'folders', foldersTable()),
    },
  ];
}

/** Puts `content` between `<!-- NAME: … -->` and `<!-- end of NAME -->`. */
function replaceMarked(text: string, name: string, content: string): string {
  const marked = new RegExp(`(<!-- ${name}: [^\n]*-->\n)[^]*?(<!-- end of ${name} -->)`);
  if (!marked.test(text)) throw new Error(`no place is marked for "${name}"`);
  return text.replace(marked, (_, begin: string, end: string) => `${begin}${content}\n${end}`);
}
