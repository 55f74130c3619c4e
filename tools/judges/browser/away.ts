import type { Browser, Page } from 'playwright-core';
import { until } from '../../kit/until.js';
import type { World } from './world.js';

/** What the console says while something is away, or its reader is an administrator no more. */

async function consoleOf(world: World, browser: Browser, who: string, name: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.clock.install();
  await page.goto(await world.console(who));
  await page.goto(`${new URL(page.url()).origin}/console/#/${name}`);
  return page;
}

/** Milliseconds after which a page repeats its requests. */
const ASKS_EVERY = 30_000;
/** Milliseconds: a request waits for a CA that is away. */
const PATIENCE = 90_000;

/** Advances the page's clock, so that it repeats its requests at once, until it shows the text. */
const shows = (page: Page, text: string): Promise<void> =>
  until(PATIENCE, async () => {
    await page.clock.fastForward(ASKS_EVERY);
    await page.getByText(text).first().waitFor({ timeout: 5000 });
  });

/** Holds the CA, which knows who is an administrator, for a while. @throws when the console does not say so, or not when it is back */
export async function whileTheCaIsAway(world: World, browser: Browser): Promise<void> {
  const { ca } = world.upki.pids();
  if (ca === null) throw new Error('no CA runs');
  const page = await consoleOf(world, browser, 'alice', 'overview');
  await page.getByText('RA, store and CA work').waitFor();
  process.kill(ca, 'SIGSTOP');
  try {
    await shows(page, 'authority cannot be reached');
    if ((await page.getByText('RA, store and CA work').count()) > 0)
      throw new Error('it says that all is well');
  } finally {
    process.kill(ca, 'SIGCONT');
  }
  await shows(page, 'RA, store and CA work');
  await page.context().close();
}

/** Removes the administrator ann while she reads. @throws when the console shows her more, or does not say why it does not */
export async function whenTheReaderIsRemoved(world: World, browser: Browser): Promise<void> {
  const page = await consoleOf(world, browser, 'ann', 'nodes');
  await page.getByText('CN=ann').waitFor();
  await world.upkiCommand('admin', 'remove', 'ann');
  await shows(page, 'The console is for administrators.');
  const shown = await page.getByRole('table').count();
  await page.context().close();
  if (shown > 0) throw new Error('it still shows a table');
}
