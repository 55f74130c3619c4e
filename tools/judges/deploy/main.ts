import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acmeLines } from '../../../src/rest/enrolment/acme-lines.js';
import { CommandFailed, run } from '../../kit/command.js';
import { newFolder } from '../../kit/folder.js';
import { NotInstallable, Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';

const DEPLOY = join(CHECKOUT, 'deploy');
const say = (line: string) => process.stdout.write(`${line}\n`);

/** Parses every deployment file, and objects that we print, with the programs that would use them, or with their libraries. */
const CHECKS: [what: string, check: (tools: Tools) => Promise<string>][] = [
  [
    'containers, compose, Kubernetes, Helm chart',
    async (tools) => {
      const lint = await linter(tools);
      return run(lint, [
        join(DEPLOY, 'Containerfile'),
        ...(await files('compose', '.yaml')),
        ...(await files('kubernetes', '.yaml')),
        join(DEPLOY, 'helm/upki'),
      ]);
    },
  ],
  [
    'the objects for cert-manager that `upki node add` prints',
    async (tools) => {
      const lint = await linter(tools);
      const bound = {
        directoryUrl: 'https://ra.plant.lan:8000/acme/directory',
        keyId: 'press',
        name: 'press',
      };
      const printed =
        acmeLines({ ...bound, hmac: randomBytes(32).toString('base64url') })['cert-manager'] ?? '';
      return inFile('cert-manager.yaml', printed, (file) => run(lint, [file]));
    },
  ],
  [
    'systemd',
    async (tools) => {
      const analyze = await tools.apt('systemd', 'systemd-analyze');
      const units = [...(await files('systemd', '.service')), ...(await files('systemd', '.timer'))];
      // Its exit code does not report an unknown key; its output does.
      const complaints = await run('sh', ['-c', '"$0" verify --man=no "$@" 2>&1', analyze, ...units]);
      if (complaints.trim() !== '') throw new CommandFailed(complaints);
      return units.map((unit) => `${unit}: ok\n`).join('');
    },
  ],
  [
    'alert rules, with their test',
    async (tools) => {
      const promtool = await tools.apt('prometheus', 'promtool');
      const rules = join(DEPLOY, 'monitoring/alerts.yaml');
      const checked = await run(promtool, ['check', 'rules', rules]);
      return checked + (await run(promtool, ['test', 'rules', join(DEPLOY, 'monitoring/alerts.test.yaml')]));
    },
  ],
  [
    'queries of the Grafana board',
    async (tools) => {
      const promtool = await tools.apt('prometheus', 'promtool');
      const board: { panels: { title: string; targets: { expr: string }[] }[] } = JSON.parse(
        await readFile(join(DEPLOY, 'monitoring/grafana.json'), 'utf8'),
      );
      const queries = board.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
      return readAsRules(promtool, queries);
    },
  ],
  [
    'HAProxy',
    async (tools) => run(await tools.apt('haproxy'), ['-c', '-V', '-f', join(DEPLOY, 'compose/haproxy.cfg')]),
  ],
];

/** Every promtool parses a query inside a recording rule; only newer ones parse it by itself. */
async function readAsRules(promtool: string, queries: string[]): Promise<string> {
  const rules = queries.map((expr, index) => ({ record: `board:query${index}`, expr }));
  const text = JSON.stringify({ groups: [{ name: 'board', rules }] });
  return inFile('board.json', text, (file) => run(promtool, ['check', 'rules', file]));
}

/** Calls the function with a temporary file of that text. */
async function inFile<T>(name: string, text: string, work: (file: string) => Promise<T>): Promise<T> {
  const folder = newFolder('deploy');
  try {
    const file = join(folder, name);
    await writeFile(file, text);
    return await work(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function linter(tools: Tools): Promise<string> {
  return tools.goBuild(join(CHECKOUT, 'tools/judges/deploy/lint'), 'deploy-lint');
}

async function files(folder: string, ending: string): Promise<string[]> {
  const names = (await readdir(join(DEPLOY, folder))).filter((name) => name.endsWith(ending)).sort();
  if (names.length === 0) throw new Error(`deploy/${folder} holds no ${ending} files`);
  return names.map((name) => join(DEPLOY, folder, name));
}

const tools = await Tools.at();
let failed = 0;
let absent = 0;
for (const [what, check] of CHECKS) {
  try {
    say(`${what}:`);
    say((await check(tools)).trimEnd());
  } catch (error) {
    if (error instanceof NotInstallable) absent += 1;
    else failed += 1;
    const kind = error instanceof NotInstallable ? 'NOT CHECKED, its checker cannot be installed' : 'FAILED';
    say(`${what}: ${kind}: ${error instanceof Error ? error.message : error}`);
  }
}
say(
  `deployment files: ${CHECKS.length - failed - absent} kinds checked, ${failed} failed, ${absent} not checked`,
);
process.exitCode = failed > 0 || absent === CHECKS.length ? 1 : 0;
