import { expect, it } from 'vitest';
import { commonFolderAdvice } from '../../src/lib/common-marker.js';

const root = 'a'.repeat(64);

it('the identity of the folder of upki start is recognised, and the program’s own folder is named', () => {
  const advice = commonFolderAdvice(JSON.stringify({ about: '…', root }), '/srv/pki/identity.json', 'ra');
  expect(advice).toContain('/srv/pki is the folder of `upki start`, with the RA in /srv/pki/ra');
});

it.each([
  JSON.stringify({ roots: [root] }),
  JSON.stringify({ root, issuers: [root] }),
  JSON.stringify({}),
  'null',
  '[]',
  '{"root',
  '',
])('%s is not that of upki start', (text) => {
  expect(commonFolderAdvice(text, '/srv/pki/identity.json', 'ca')).toBeNull();
});
