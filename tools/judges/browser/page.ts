import type { Page } from 'playwright-core';

/** @throws if the page is wider than the window */
export async function noOverflow(page: Page): Promise<void> {
  const wider = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  if (wider > 0) throw new Error(`${page.url()} is ${wider} px too wide`);
}

/** @throws if axe finds a serious or critical fault */
export async function nothingSerious(page: Page, axe: string): Promise<void> {
  await page.evaluate(axe);
  const found = await page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | ')))`,
  );
  if (found.length > 0) throw new Error(`axe at ${page.url()}: ${found.join('\n')}`);
}
