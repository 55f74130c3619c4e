import { type Command, Option } from 'commander';
import {
  defaultText,
  environmentHelp,
  firstSentence,
  type Program,
  SETTINGS,
  type SettingName,
  variableNames,
} from '../config/index.js';
import { widthOf, wrap } from './help.js';

type Flags = Partial<Record<SettingName, string>>;

/** A flag that sets a setting. */
export interface Flag {
  flags: string;
  setting: SettingName;
}

export const DIRECTORY_FLAG: Flag = { flags: '-d, --dir <path>', setting: 'dataDir' };

export const CA_ADDRESS_FLAGS: Flag[] = [
  { flags: '-i, --ip <address>', setting: 'caHost' },
  { flags: '-p, --port <port>', setting: 'caPort' },
];

export const WEB_FLAGS: Flag[] = [
  { flags: '--web-ip <address>', setting: 'raHost' },
  { flags: '--web-port <port>', setting: 'raPort' },
];

/** Adds the flags, `--debug`, and the names of the variables, which `--help --all` explains. */
export function addSettingFlags(command: Command, flags: Flag[], programs: Program[]): Command {
  for (const { flags: text, setting } of flags) {
    command.addOption(new Option(text, described(setting)));
  }
  command.option('--debug', 'Log everything. (UPKI_LOG_LEVEL=debug)');
  return command.addHelpText('after', () =>
    process.argv.includes('--all')
      ? `\n${environmentHelp(programs)}`
      : `\n${shortEnvironment(programs, widthOf(command))}`,
  );
}

/** A short explanation of a flag, without trivial defaults. `--help --all` has the whole one. */
function described(name: SettingName): string {
  const setting = SETTINGS[name];
  const standard = defaultText(setting);
  const byDefault =
    name === 'dataDir' || standard === 'none' || standard === 'false' ? '' : ` Default: ${standard}.`;
  return `${briefly(firstSentence(setting.doc))}${byDefault} (${setting.env})`;
}

/** Longer sentences are cut before their explanation. */
const BRIEF = 90;

function briefly(sentence: string): string {
  if (sentence.length <= BRIEF) return sentence;
  const [cut] = /^.{30,}?(?=[,:;] )/.exec(sentence) ?? [sentence];
  return cut === sentence ? sentence : `${cut}.`;
}

function shortEnvironment(programs: Program[], width: number): string {
  const title = 'Environment (explained by --help --all and docs/configuration.md):';
  return `${wrap(title, 0, width)}\n${wrap(variableNames(programs), 2, width)}`;
}

/** The settings given on the command line. */
export function givenFlags(command: Command, flags: Flag[]): Flags {
  const given = command.opts<Record<string, string | boolean | undefined>>();
  const entries = flags.map(({ flags: text, setting }) => [setting, given[new Option(text).attributeName()]]);
  const settings: Flags = Object.fromEntries(entries.filter(([, value]) => typeof value === 'string'));
  return given.debug ? { ...settings, logLevel: 'debug' } : settings;
}
