import fc from 'fast-check';
import { expect, it } from 'vitest';
import { html } from '../../src/lib/html.js';
import { landingPage } from '../../src/pages/landing.js';
import { mobileconfig } from '../../src/pages/mobileconfig.js';
import type { Root } from '../../src/pages/roots.js';

const root = (subject: string): Root => ({
  ...{ subject, der: Buffer.from('der'), pem: 'PEM', sha256: 'AB'.repeat(32), notBefore: 0, notAfter: 0 },
});

it('no name of a root brings markup into the page or the profile', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const subject = `<script>"'${text}`;
      const page = landingPage({
        ...{ roots: [root(subject)], qrCodes: [''], base: 'https://ra.test', plainBase: null },
        ...{ visitorsBase: null, listener: 'main', version: '1' },
      });
      expect(page).not.toContain('<script');
      expect(page).not.toContain(`"'`);
      expect(mobileconfig([root(subject)])).not.toContain('<script');
    }),
  );
});

it('a template escapes its values, and lets markup pass', () => {
  expect(html`<p title="${`"&'<>`}">${html`<b>${1}</b>`}</p>`.text).toBe(
    '<p title="&quot;&amp;&#39;&lt;&gt;"><b>1</b></p>',
  );
});
