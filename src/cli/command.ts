import { Command, Option } from 'commander';
import {
  defaultText,
  environmentHelp,
  firstSentence,
  type Program,
  SETTINGS,
  type SettingName,
  variableNames,
} from '../config/index.js';
import { commonDirectory } from '../programs/settings.js';
import { widthOf, wrap, wrapCommand } from './help.js';

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

/** A command of commander with what commands of uPKI share: examples, and flags that set settings. */
export class UpkiCommand extends Command {
  #flags: readonly Flag[] = [DIRECTORY_FLAG];

  /** Puts examples at the beginning of the help. */
  examples(examples: [commandLine: string, what: string][]): this {
    return this.addHelpText('before', () => {
      const width = widthOf(this);
      const shown = examples.map(([line, what]) => `${wrapCommand(line, width)}\n${wrap(what, 6, width)}`);
      return `Examples:\n${shown.join('\n')}\n`;
    });
  }

  /**
   * Adds flags for settings, `--debug`, and the names of the variables that `programs` read. `--help --all` explains the
   * variables.
   */
  settings(programs: Program[], flags = [DIRECTORY_FLAG]): this {
    this.#flags = flags;
    for (const { flags: text, setting } of flags) this.addOption(new Option(text, described(setting)));
    this.option('--debug', 'Log everything. (UPKI_LOG_LEVEL=debug)');
    return this.addHelpText('after', () =>
      process.argv.includes('--all')
        ? `\n${environmentHelp(programs)}`
        : `\n${shortEnvironment(programs, widthOf(this))}`,
    );
  }

  /** The settings given on the command line. */
  given(): Flags {
    const given = this.opts<Record<string, string | boolean | undefined>>();
    const entries = this.#flags.map(({ flags, setting }) => [
      setting,
      given[new Option(flags).attributeName()],
    ]);
    const settings: Flags = Object.fromEntries(entries.filter(([, value]) => typeof value === 'string'));
    return given.debug ? { ...settings, logLevel: 'debug' } : settings;
  }

  /** The data directory of `upki start`, or of a program that runs alone. @throws CannotStart, ConfigError */
  directory(): string {
    return commonDirectory(process.env, this.given().dataDir);
  }
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
