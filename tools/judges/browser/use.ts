import type { Browser, Page } from 'playwright-core';
import type { World } from './world.js';

type Go = (name: string) => Promise<void>;

/** @throws if an element cannot be reached by keyboard, or the focus is lost */
export async function byKeyboard(page: Page, at: Go, name: string): Promise<void> {
  await at('certificates');
  // Reloads the page, because navigation has moved the focus below the menu.
  await page.reload();
  await page.getByRole('button', { name: 'Search' }).waitFor();
  await page.keyboard.press('Tab');
  await expectFocus(page, 'Skip to content');
  await page.keyboard.press('Enter');
  await page.locator('main:focus').waitFor();
  await page.getByLabel('Name, glob or network').focus();
  await page.keyboard.type(name);
  await page.keyboard.press('Enter');
  const link = page.getByRole('link', { name });
  await link.waitFor();
  await link.focus();
  await page.keyboard.press('Enter');
  await page.getByText('Proof of each name').waitFor();
  await at('nodes');
  const remove = page.getByRole('button', { name: `Remove ${name}` });
  await remove.focus();
  await page.keyboard.press('Enter');
  await page.locator('dialog :focus').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await expectFocus(page, 'Remove …');
}

async function expectFocus(page: Page, text: string): Promise<void> {
  const found = await page.evaluate<string>('document.activeElement?.textContent ?? ""');
  if (found.trim() !== text) throw new Error(`the focus is at ${JSON.stringify(found.slice(0, 80))}`);
}

/** More rows than fit on one page. */
const NODES = 60;

/** @throws if the pages of a list together are not the list */
export async function pageByPage(page: Page, at: Go): Promise<void> {
  await at('nodes');
  const made = await page.evaluate<number[]>(
    `Promise.all(Array.from({ length: ${NODES} }, (_, index) => fetch('/api/v1/private/nodes', {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cn: 'many-' + index + '.example.test' }),
    }).then(({ status }) => status)))`,
  );
  if (made.some((status) => status !== 201)) throw new Error(`nodes were answered ${[...new Set(made)]}`);
  await at('overview');
  await at('nodes');
  const rows = page.locator('tbody tr td:first-child');
  await rows.nth(49).waitFor();
  const more = page.getByRole('button', { name: 'More' });
  await more.focus();
  await page.keyboard.press('Enter');
  await more.waitFor({ state: 'detached' });
  const names = await rows.allInnerTexts();
  const many = names.filter((each) => each.startsWith('many-'));
  if (many.length !== NODES || new Set(names).size !== names.length)
    throw new Error(`${names.length} rows, ${many.length} of ${NODES}`);
}

const ZONE = 'Asia/Kathmandu';

/** @throws if a time is not shown in the browser's time zone */
export async function inTheReadersZone(world: World, browser: Browser): Promise<void> {
  const context = await browser.newContext({ timezoneId: ZONE, locale: 'en-US' });
  const page = await context.newPage();
  await page.goto(await world.console('alice'));
  await page.goto(`${new URL(page.url()).origin}/console/#/nodes`);
  const time = page.locator('td time').first();
  await time.waitFor();
  const at = new Date((await time.getAttribute('datetime')) ?? '');
  const wanted = at.toLocaleString('en-US', { dateStyle: 'medium', timeStyle: 'short', timeZone: ZONE });
  const shown = await time.innerText();
  await context.close();
  const plain = (text: string) => text.replace(/\s/g, ' ');
  if (plain(shown) !== plain(wanted)) throw new Error(`it is shown as ${shown}, not ${wanted}`);
}

/** Stops uPKI in the middle of a step. @throws if a page does not say so */
export async function whenTheRaIsGone(world: World, browser: Browser): Promise<void> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(await world.console('alice'));
  const { origin } = new URL(page.url());
  await page.goto(`${origin}/console/#/administrators`);
  const row = page.getByRole('cell', { name: 'CN=bob,OU=Admins', exact: true });
  await row.waitFor();
  await world.upki.stop();
  await page.getByLabel('Name of the administrator').fill('carol');
  await page.getByRole('button', { name: 'Add …' }).click();
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('dialog').getByRole('alert').getByText('cannot be reached').waitFor();
  await page.keyboard.press('Escape');
  await row.waitFor();
  await page.reload();
  await page.getByRole('alert').getByText('cannot be reached').waitFor();
  await page.getByText('This page asks again by itself.').waitFor();
  const wrong = await page.getByText('Import your administrator').count();
  await context.close();
  if (wrong > 0) throw new Error('it asks for a certificate');
}
