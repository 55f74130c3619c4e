import type { Command } from 'commander';

/** The last lines of every help: the exit codes of `programs/exit.ts`. */
const EXIT_CODES = 'Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 78 wrong setting or file';

/** Commander's own width when the output is not a terminal. */
const HELP_WIDTH = 80;

/** Adds the exit codes to the help of a program and of all its commands. */
export function addExitCodes(program: Command): Command {
  return program.addHelpText('afterAll', ({ command }) => `\n${wrap(EXIT_CODES, 0, widthOf(command))}`);
}

/** The width of the terminal in columns, as commander wraps the other parts of a help. */
export const widthOf = (command: Command): number =>
  command.configureOutput().getOutHelpWidth?.() ?? HELP_WIDTH;

/** Wraps a text between words to `width` columns; each line begins with `indent` spaces. */
export function wrap(text: string, indent: number, width: number): string {
  const margin = ' '.repeat(indent);
  return inLines(text.split(' '), width - indent)
    .map((line) => `${margin}${line}`)
    .join('\n');
}

/** Wraps a command line so that it can still be pasted: lines end with a backslash, and quoted words stay whole. */
export function wrapCommand(line: string, width: number): string {
  const words = line.match(/(?:"[^"]*"|'[^']*'|\$\([^)]*\)|[^\s"'])+/g) ?? [];
  return inLines(words, width - ' \\'.length - 4)
    .map((each, index) => `${index === 0 ? '  ' : '    '}${each}`)
    .join(' \\\n');
}

/** A word that is longer than a line gets a line of its own. */
function inLines(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
