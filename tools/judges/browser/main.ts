import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';
import { whenTheReaderIsRemoved, whileTheCaIsAway } from './away.js';
import { otherSite } from './other-site.js';
import { noOverflow, nothingSerious } from './page.js';
import { holderIsNotAsked, strangerIsNotAsked } from './prompts.js';
import { pageHasBothRoots } from './rollover.js';
import { wordsAreText } from './strangers.js';
import { byKeyboard, inTheReadersZone, pageByPage, whenTheRaIsGone } from './use.js';
import { prepareWorld, type World } from './world.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** What a browser must find; each check throws if it does not. */
type Check = [promise: string, attempt: () => Promise<void>];

/** Drives Debian's Chromium through the pages of a fresh uPKI. Pictures go to .cache/browser. */
async function main(): Promise<number> {
  const tools = await Tools.at();
  const executablePath = await tools.apt('chromium');
  const pictures = resolve(CHECKOUT, '.cache/browser');
  await mkdir(pictures, { recursive: true });
  const world = await prepareWorld();
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  let broken = 0;
  try {
    const checks = await checksOf(world, browser, pictures);
    checks.push(
      [
        'with the certificate in the browser’s own store the console signs in, and a page of another site changes nothing',
        () => otherSite(world, executablePath, tools),
      ],
      [
        'who holds a certificate of this PKI is not asked for it at the plain pages, nor at those for visitors',
        () => holderIsNotAsked(world, executablePath, tools),
      ],
      [
        'who holds a certificate of another PKI alone is not asked for it anywhere',
        () => strangerIsNotAsked(world, executablePath, tools),
      ],
      [
        'while the CA is away the overview says so, and nothing else; it is well again by itself',
        () => whileTheCaIsAway(world, browser),
      ],
      [
        'a reader who is removed in the middle of a session is shown nothing more, and told why',
        () => whenTheReaderIsRemoved(world, browser),
      ],
      [
        'when the RA goes in the middle of a step the question stays and says so; a page opened then asks for no certificate',
        () => whenTheRaIsGone(world, browser),
      ],
    );
    for (const [promise, attempt] of checks) {
      const failure = await attempt().then(
        () => null,
        (error: Error) => error,
      );
      if (failure !== null) broken += 1;
      say(`${failure === null ? 'held  ' : 'BROKEN'}  ${promise}`);
      if (failure !== null) say(`        ${failure.message.split('\n').slice(0, 6).join('\n        ')}`);
    }
  } finally {
    await browser.close();
    await world.close();
  }
  say(`${broken} broken; pictures in ${pictures}`);
  return broken === 0 ? 0 : 1;
}

async function checksOf(world: World, browser: Browser, pictures: string): Promise<Check[]> {
  const axe = await readFile(join(CHECKOUT, 'node_modules/axe-core/axe.min.js'), 'utf8');
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  const link = await world.console('alice');
  const picture = (name: string) => page.screenshot({ path: join(pictures, `${name}.png`) });
  const at = async (name: string) => {
    await page.goto(`${new URL(link).origin}/console/#/${name}`);
    await page.locator('main h1').waitFor();
    await page.getByText('Loading …').first().waitFor({ state: 'detached' });
  };
  const accessible = () => nothingSerious(page, axe);
  const name = 'box.example.test';

  return [
    [
      'the landing page shows the root’s fingerprint, and axe finds nothing serious',
      async () => {
        await page.goto(`http://localhost:${world.upki.ports.http}/`);
        await page.getByText(world.fingerprint).waitFor();
        await accessible();
        await picture('landing');
      },
    ],
    [
      'the link of upki console signs in once',
      async () => {
        await page.goto(link);
        await page.getByText('CN=alice').waitFor();
        const other = await browser.newPage();
        const again = await other.goto(link);
        await other.close();
        if (again?.status() !== 403) throw new Error(`the second use was answered ${again?.status()}`);
      },
    ],
    [
      'a node is added, and the line shown enrols it',
      async () => {
        await at('nodes');
        await page.getByLabel('Common name').fill(name);
        await page.getByRole('button', { name: 'Add' }).click();
        await world.enrol(await page.getByLabel('Line that enrols the node').innerText());
        await accessible();
      },
    ],
    [
      'its certificate is found, revoked after a question, and OCSP says so',
      async () => {
        await at('certificates');
        await page.getByLabel('Name, glob or network').fill('*.example.test');
        await page.getByRole('button', { name: 'Search' }).click();
        await page.getByRole('link', { name }).click();
        await page.getByRole('button', { name: 'Revoke …' }).click();
        await accessible();
        await picture('revoke');
        const before = await world.ocsp();
        await page.getByRole('button', { name: 'Cancel' }).click();
        if ((await world.ocsp()) !== 'good' || before !== 'good')
          throw new Error('asking alone has revoked it');
        await page.getByRole('button', { name: 'Revoke …' }).click();
        await page.getByRole('button', { name: 'Revoke it' }).click();
        await page.locator('dd', { hasText: 'revoked' }).waitFor();
        const after = await world.ocsp();
        if (after !== 'revoked') throw new Error(`OCSP says ${after}`);
      },
    ],
    [
      'the audit log has it, and verifies in the browser',
      async () => {
        await at('audit');
        await page.getByText('/private/certificates/actions/revoke').first().waitFor();
        await page.getByRole('button', { name: 'Verify the log' }).click();
        await page.getByText('records are intact').waitFor();
      },
    ],
    [
      'the overview says that all is well and what ends, and draws what happened: the revocation of a moment ago is in it',
      async () => {
        await at('overview');
        await page.getByText('RA, store and CA work').waitFor();
        await page.getByRole('cell', { name: 'Issuer, active' }).waitFor();
        await page.getByRole('img', { name: /^Revoked: [1-9]\d* in 30 days/ }).waitFor();
        await page.getByRole('img', { name: /^Issued by ACME: \d+ in 30 days/ }).waitFor();
      },
    ],
    [
      'a name is checked, and each finding is said',
      async () => {
        await at('failures');
        await page.getByLabel('Name to check').fill('nowhere.invalid');
        await page.getByRole('button', { name: 'Check now' }).click();
        await page
          .getByText('No certificate for nowhere.invalid would be issued')
          .waitFor({ timeout: 60_000 });
        await page.getByRole('cell', { name: 'policy' }).waitFor();
        await accessible();
        await picture('check');
      },
    ],
    [
      'the authority has its roots and issuers on a line of time, and says that no rollover is under way',
      async () => {
        await at('authority');
        await page.getByRole('img', { name: /^Validity of roots and issuers/ }).waitFor();
        await page.getByText('No rollover of the root is under way.').waitFor();
        await accessible();
      },
    ],
    [
      'settings say where they come from',
      async () => {
        await at('settings');
        await page.getByRole('row', { name: /UPKI_RA_PORT .* upki start/ }).waitFor();
        await page.getByRole('row', { name: /UPKI_RA_PROFILE server default/ }).waitFor();
      },
    ],
    [
      'an administrator is added after a question, by name and role',
      async () => {
        await at('administrators');
        await page.getByLabel('Name of the administrator').fill('bob');
        await page.getByLabel('Role').selectOption('auditor');
        await page.getByRole('button', { name: 'Add …' }).click();
        await page.getByRole('button', { name: 'Add', exact: true }).click();
        await page.getByRole('row', { name: /CN=bob,OU=Admins auditor/ }).waitFor();
        await accessible();
      },
    ],
    [
      'by the keyboard alone one skips the menu, opens a question, leaves it and is back where one was',
      () => byKeyboard(page, at, name),
    ],
    ['times are in the zone of the reader', () => inTheReadersZone(world, browser)],
    ...['light', 'dark'].map(
      (scheme): Check => [
        `every page in ${scheme}, wide and at 400 px: axe finds nothing serious, nothing overflows`,
        async () => {
          await page.emulateMedia({ colorScheme: scheme as 'light' | 'dark' });
          for (const each of PAGES) {
            for (const width of [1200, 400]) {
              await page.setViewportSize({ width, height: 800 });
              await at(each);
              await accessible();
              await noOverflow(page);
              await picture(`${each}-${scheme}-${width}`);
            }
          }
          await page.setViewportSize({ width: 1200, height: 800 });
        },
      ],
    ),
    [
      'markup in what strangers wrote (a web server, an ACME client, a request) is text on every page',
      () => wordsAreText(world, page, at),
    ],
    ['a list goes on by More, without a gap and without an item twice', () => pageByPage(page, at)],
    [
      'while the root is being replaced the landing page has both, at 400 px too; the console says how far it is',
      async () => {
        await page.setViewportSize({ width: 400, height: 800 });
        await pageHasBothRoots(world, page);
        await accessible();
        await noOverflow(page);
        await picture('landing-two-roots');
        await page.setViewportSize({ width: 1200, height: 800 });
        await at('authority');
        await page.getByText('A rollover of the root is under way').waitFor();
      },
    ],
    [
      'an auditor sees no button that changes something, and is refused when asking all the same',
      async () => {
        const own = await world.console('ann');
        const auditor = await (await browser.newContext()).newPage();
        await auditor.goto(own);
        await auditor.getByText('CN=ann').waitFor();
        await auditor.goto(`${new URL(own).origin}/console/#/nodes`);
        await auditor.getByText('Registered').or(auditor.getByText('No node')).first().waitFor();
        if ((await auditor.getByRole('button', { name: /Add|Remove/ }).count()) > 0)
          throw new Error('it does');
        const status = await auditor.evaluate<number>(
          "fetch('/api/v1/private/crl/generate', { method: 'POST' }).then(({ status }) => status)",
        );
        if (status !== 403) throw new Error(`it was answered ${status}`);
      },
    ],
    [
      'no page met its own policy, and no script failed',
      async () => {
        if (complaints.length > 0) throw new Error(complaints.join('\n'));
      },
    ],
  ];
}

const PAGES = [
  'overview',
  'certificates',
  'accounts',
  'nodes',
  'failures',
  'audit',
  'authority',
  'administrators',
  'settings',
];

process.exitCode = await main();
