import { type Command, Help } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { upki } from '../../src/cli/program.js';

/** Every command and group of `upki`, by its words. */
const commands = everyCommand(await upki(undefined));

function everyCommand(command: Command, above: string[] = []): [words: string, command: Command][] {
  const words = [...above, command.name()];
  return [[words.join(' '), command], ...command.commands.flatMap((each) => everyCommand(each, words))];
}

/** The help as a terminal of so many columns shows it. */
function helpOf(command: Command, columns: number): string {
  let text = '';
  command.configureOutput({
    getOutHelpWidth: () => columns,
    writeOut: (more) => {
      text += more;
    },
  });
  command.outputHelp();
  return text;
}

/** The command lines among the examples, unwrapped. */
function examplesOf(help: string): string[] {
  const [, block = ''] = /^Examples:\n([\s\S]*?)\n\n/.exec(help) ?? [];
  return block
    .replace(/ \\\n +/g, ' ')
    .split('\n')
    .filter((line) => /^ {2}\S/.test(line))
    .map((line) => line.trim());
}

/** The words that a shell would give to `upki`; null for a line of another program. */
function wordsFor(line: string): string[] | null {
  const noted = line.replace(/"\$\(cat \S*head\)"/, `ra:1:1:${'0'.repeat(64)}`);
  const [, given] = /(?:^|sudo |\$\(|[A-Z_]+=\S+ )upki ([^|&)]*)/.exec(noted) ?? [];
  const words = given?.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g);
  return words?.map((word) => word.replace(/^(["'])(.*)\1$/, '$2')) ?? null;
}

it('the walk finds the commands and the groups', () => {
  const words = commands.map(([each]) => each);
  expect(words).toEqual(
    expect.arrayContaining(['upki', 'upki start', 'upki ca rollover root', 'upki trust']),
  );
  expect(words.length).toBeGreaterThan(70);
});

describe.each(commands)('%s --help', (words, command) => {
  let help = '';
  beforeAll(() => {
    help = helpOf(command, 80);
  });

  it('begins with examples that the command line accepts', () => {
    const examples = examplesOf(help);
    expect(examples.length).toBeGreaterThan(0);
    const root = commands[0]?.[1] as Command;
    let own = 0;
    for (const example of examples) {
      const given = wordsFor(example);
      if (given === null) continue;
      const { called, rest } = find(root, given);
      own += called === command || inside(called, command) ? 1 : 0;
      const { operands, unknown } = called.parseOptions(rest);
      expect([example, unknown]).toEqual([example, []]);
      const { registeredArguments: wanted } = called;
      expect(operands.length, example).toBeGreaterThanOrEqual(
        wanted.filter(({ required }) => required).length,
      );
      const most = wanted.at(-1)?.variadic ? Number.POSITIVE_INFINITY : wanted.length;
      expect(operands.length, example).toBeLessThanOrEqual(most);
    }
    expect(own, `an example of ${words}`).toBeGreaterThan(0);
  });

  it('fits on forty lines, and ends with the exit codes', () => {
    expect(help.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
    expect(help).toMatch(/\n\nExit codes: 0 done; 1 .*; 2 wrong usage; 78 [^\n]*\n$/);
  });

  it.each([60, 80, 120])('is wrapped to a terminal of %i columns', (columns) => {
    const wide = helpOf(command, columns)
      .split('\n')
      // A word that is longer than the line, such as a URL, is not broken.
      .filter((line) => line.length > columns && line.trim().replace(/ \\$/, '').includes(' '));
    expect(wide).toEqual([]);
  });

  it('names the variable of each option that sets a setting', () => {
    const options = new Help().visibleOptions(command);
    const dir = options.find(({ long }) => long === '--dir');
    expect(dir?.description ?? 'UPKI_DATA_DIR').toContain('UPKI_DATA_DIR');
    // A command that reads settings has --debug; it names its variables, and --all explains them.
    if (!options.some(({ long }) => long === '--debug')) return;
    expect(help).toContain('\nEnvironment (explained by --help --all and docs/configuration.md):\n  UPKI_');
  });
});

function find(root: Command, words: readonly string[]): { called: Command; rest: string[] } {
  let called = root;
  let index = 0;
  for (; index < words.length; index++) {
    const next = called.commands.find((each) => each.name() === words[index]);
    if (next === undefined) break;
    called = next;
  }
  return { called, rest: words.slice(index) };
}

const inside = (command: Command, group: Command): boolean =>
  command.parent !== null && (command.parent === group || inside(command.parent, group));
