import { homedir } from 'node:os';
import { Option } from 'commander';
import { type Root, shownFingerprint } from '../../pages/roots.js';
import { CannotStart, ExitCode, WrongUsage } from '../../programs/exit.js';
import { DIRECTORY_FLAG, UpkiCommand } from '../command.js';
import { readGiven } from '../given-file.js';
import { jsonText, print } from '../print.js';
import { javaStore } from './java-store.js';
import { nssStores } from './nss-store.js';
import { type FetchedRoots, fetchedRoots, localRoots, parseFingerprint, rootsIn } from './root-source.js';
import { type Outcome, StoreTrouble, type TrustStore } from './store.js';
import { systemStore } from './system-store.js';

const KINDS = ['system', 'nss', 'java'] as const;
type Kind = (typeof KINDS)[number];

interface TrustOptions {
  url?: string;
  file?: string;
  fingerprint?: string[];
  only?: Kind[];
  json?: boolean;
}

/** `upki trust …`: makes the programs of this machine trust the root. */
export function trustCommand(): UpkiCommand {
  return new UpkiCommand('trust')
    .description(
      'Make this machine trust the root: the system store, this user’s Firefox and Chromium, and Java.',
    )
    .addCommand(
      command('install', 'Add the root to the trust stores of this machine.', install, [
        ['sudo upki trust install', 'The root of the uPKI on this machine.'],
        [
          'upki trust install --url https://pki.example.internal:8000 --fingerprint 5E:0B:…',
          'The root of another machine, used only if it has the fingerprint that `upki start` printed there.',
        ],
        ['upki trust install --only nss', 'Only the browsers of this user; needs certutil.'],
      ]),
    )
    .addCommand(
      command('remove', 'Remove only what `install` added.', remove, [
        ['sudo upki trust remove', 'Programs that trust the root in another way continue to do so.'],
      ]),
    )
    .addCommand(
      command('check', 'Show which stores have the root; exits with 1 if one does not.', check, [
        ['upki trust check', 'Check the root of the uPKI on this machine.'],
        ['upki trust check --file upki-root.crt --json', 'Check a root in a file, for a script.'],
      ]),
    )
    .examples([
      ['sudo upki trust install', 'Trust the root of the uPKI on this machine.'],
      ['upki trust check', 'Which programs trust it.'],
    ]);
}

type Step = (store: TrustStore, root: Root) => Promise<Outcome['state']>;

function command(name: string, description: string, step: Step, examples: [string, string][]): UpkiCommand {
  const made = new UpkiCommand(name)
    .description(description)
    .option(DIRECTORY_FLAG.flags, 'Data directory of the uPKI on this machine. (UPKI_DATA_DIR)')
    .option('--url <url>', 'RA to fetch the root from; needs --fingerprint')
    .option('--file <file>', 'the root, PEM')
    .option('--fingerprint <sha256...>', 'SHA-256 of the root, which must match')
    .addOption(new Option('--only <stores...>', 'only these stores').choices(KINDS))
    .option('--json', 'print JSON')
    .examples(examples);
  return made.action(async (options: TrustOptions) => {
    const wanted = await wantedRoots(options, made);
    const { roots } = wanted;
    const outcomes: Outcome[] = [];
    const stores = await storesOf(options.only ?? KINDS);
    for (const store of stores) for (const root of roots) outcomes.push(await attempt(store, root, step));
    print(options.json ? asJson(wanted, outcomes) : asText(wanted, outcomes, name));
    const wrong: Outcome['state'][] = [
      'failed',
      'elsewhere',
      ...(name === 'check' ? (['absent'] as const) : []),
    ];
    if (stores.length === 0 || outcomes.some(({ state }) => wrong.includes(state)))
      process.exitCode = ExitCode.failure;
  });
}

const install: Step = async (store, root) => {
  if (await store.has(root)) return 'present';
  await store.add(root);
  if (!(await store.has(root))) throw new StoreTrouble('it was added but is not found, so it is not trusted');
  return 'installed';
};

const remove: Step = async (store, root) => {
  if (await store.remove(root)) return 'removed';
  return (await store.has(root)) ? 'present' : 'absent';
};

const check: Step = async (store, root) => ((await store.has(root)) ? 'present' : 'absent');

async function attempt(store: TrustStore, root: Root, step: Step): Promise<Outcome> {
  try {
    return { store: store.name, root: root.sha256, state: await step(store, root) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const elsewhere = error instanceof StoreTrouble && error.elsewhere;
    return {
      store: store.name,
      root: root.sha256,
      state: elsewhere ? 'elsewhere' : 'failed',
      detail: error.message,
    };
  }
}

/** @throws WrongUsage, CannotStart */
async function wantedRoots(
  { url, file, fingerprint = [] }: TrustOptions,
  of: UpkiCommand,
): Promise<FetchedRoots> {
  const wanted = fingerprint.map(parseFingerprint);
  if (url !== undefined && file !== undefined) throw new WrongUsage('give --url or --file, not both');
  if (url !== undefined) {
    if (wanted.length === 0)
      throw new WrongUsage(
        '--url needs --fingerprint: the root is fetched from a machine that nobody has checked; `upki start` printed it there',
      );
    return fetchedRoots(url, wanted);
  }
  const roots =
    file === undefined
      ? await localRoots(of.directory())
      : rootsIn((await readGiven('--file', file)).toString(), file);
  const other = roots.find(({ sha256 }) => wanted.length > 0 && !wanted.includes(sha256));
  if (other !== undefined)
    throw new CannotStart(
      `the root has the SHA-256 ${shownFingerprint(other)}, not the one of --fingerprint: nothing was changed`,
    );
  return { roots, others: [] };
}

/** The system store comes first, because on Debian it also fills Java's store. */
async function storesOf(kinds: readonly Kind[]): Promise<TrustStore[]> {
  const all = [systemStore(), ...(await nssStores(homedir())), javaStore()];
  return all.filter((store) => store !== null && kinds.includes(store.kind)) as TrustStore[];
}

const asJson = ({ roots, others }: FetchedRoots, outcomes: Outcome[]): string => {
  const shown = (each: Root[]) => each.map(({ sha256, subject }) => ({ sha256, subject }));
  return jsonText({ roots: shown(roots), other_roots: shown(others), stores: outcomes });
};

const WORDS: Record<Outcome['state'], string> = {
  installed: 'now trusts it',
  removed: 'entry removed',
  present: 'trusts it',
  absent: 'does not have it',
  elsewhere: 'not done',
  failed: 'FAILED',
};

function asText({ roots, others: unasked }: FetchedRoots, outcomes: Outcome[], step: string): string {
  const named = (root: Root) => `${root.subject}\n  SHA-256  ${shownFingerprint(root)}\n`;
  const lines = roots.map(named);
  const of = (root: string) =>
    roots.length > 1 ? `: root ${shownFingerprint({ sha256: root }).slice(0, 11)}…` : '';
  const states = outcomes.map(
    ({ store, root, state, detail }) =>
      `  ${WORDS[state].padEnd(26)} ${store}${of(root)}${detail ? `\n    ${detail}` : ''}\n`,
  );
  if (outcomes.length === 0) states.push('  no store that is known here was found on this machine\n');
  const more =
    unasked.length === 0
      ? []
      : [
          '\nThe RA gives out another root too, as it does while its root is being replaced. Compare its fingerprint with the one\n',
          'your administrator has, and give it with --fingerprint as well:\n',
          ...unasked.map(named),
        ];
  return [...lines, ...states, ...more, ...(step === 'install' ? [others()] : [])].join('');
}

/** Instructions for programs whose own stores cannot be changed for all users. */
function others(): string {
  const byHand: Record<string, string> = {
    darwin:
      'macOS: sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain upki-root.crt',
    win32: 'Windows, as administrator: certutil -addstore Root upki-root.crt',
  };
  const own = byHand[process.platform];
  return [
    '',
    ...(own ? [own] : []),
    'Node.js uses NODE_EXTRA_CA_CERTS, Python’s requests REQUESTS_CA_BUNDLE; the commands for these, for phones, Docker and Kubernetes',
    'are on the landing page of the RA (docs/trust.md).',
    '',
  ].join('\n');
}
