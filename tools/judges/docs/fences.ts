/** A fenced block of a Markdown page (CommonMark §4.5). */
export interface Fence {
  page: string;
  /** Line of the opening fence, from 1. */
  line: number;
  /** The heading above it; '' if there is none. */
  heading: string;
  /** First word of the info string. */
  language: string;
  text: string;
  /** The reason it is not run, from a comment before it; null if it is run. */
  notRun: string | null;
  /** Lines that contain one of these are not run; each with its reason. */
  without: { text: string; reason: string }[];
  /** Starts in a new world: an empty home, and no running programs. */
  fresh: boolean;
  /** The file that the page tells the reader to write its text to; null if none. */
  into: string | null;
}

/** The instructions in comments before a fence. */
type Said = Pick<Fence, 'notRun' | 'without' | 'fresh' | 'into'>;

const OPEN = /^( *)(```+)\s*([^\s`]*)[^`]*$/;
const HEADING = /^#{1,6}\s+(.*?)\s*$/;
/** `<!-- not run: why -->`, `<!-- not run "part of a line": why -->`, `<!-- fresh -->`, `<!-- into: FILE -->` apply to the next fence. */
const COMMENT = /^\s*<!--\s*(not run|fresh|into)\s*(?:"([^"]+)")?\s*(?::\s*(.*?))?\s*-->\s*$/;

/** Every fenced block of a page, in order, with the instructions before it. */
export function fencesOf(page: string, markdown: string): Fence[] {
  const fences: Fence[] = [];
  let heading = '';
  let said = nothingSaid();
  const lines = markdown.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    heading = HEADING.exec(line)?.[1] ?? heading;
    const comment = COMMENT.exec(line);
    if (comment) said = withComment(said, comment, `${page}:${at + 1}`);
    const open = OPEN.exec(line);
    if (!open) continue;
    const [, indent = '', ticks = '', language = ''] = open;
    const text: string[] = [];
    const begin = at + 1;
    for (at += 1; at < lines.length && (lines[at] ?? '').trim() !== ticks; at += 1)
      text.push((lines[at] ?? '').replace(new RegExp(`^ {0,${indent.length}}`), ''));
    fences.push({ page, line: begin, heading, language, text: text.join('\n'), ...said });
    said = nothingSaid();
  }
  return fences;
}

const nothingSaid = (): Said => ({ notRun: null, without: [], fresh: false, into: null });

/** @throws Error for a mark without a reason or a file */
function withComment(said: Said, [, kind, text, reason]: RegExpExecArray, where: string): Said {
  if (kind === 'fresh') return { ...said, fresh: true };
  if (!reason) throw new Error(`${where}: "${kind}" without ${kind === 'into' ? 'a file' : 'a reason'}`);
  if (kind === 'into') return { ...said, into: reason };
  if (text === undefined) return { ...said, notRun: reason };
  return { ...said, without: [...said.without, { text, reason }] };
}

const SHELL = ['sh', 'bash', 'shell', 'console'];

const isShell = ({ language }: Fence): boolean => SHELL.includes(language);

/** Whether the reader types it, or writes it to a file. */
export const isDone = (fence: Fence): boolean => isShell(fence) || fence.into !== null;

/** `upki check NAME   # exits with 1` */
const ENDING = /^(\S.*?)\s+# exits with (\d+)\s*$/;

const END_OF_FILE = '__END_OF_FILE__';

/** The reader's input: a whole block, or the lines after `$ ` of a session, without lines that are not run. A file is written. */
export function commandsOf(fence: Fence): string {
  if (fence.into !== null) return `cat > '${fence.into}' <<'${END_OF_FILE}'\n${fence.text}\n${END_OF_FILE}`;
  const lines = fence.text.split('\n');
  const isSession = fence.language === 'console' || lines.some((line) => line.startsWith('$ '));
  const typed = isSession ? lines.flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : [])) : lines;
  return typed
    .filter((line) => !fence.without.some(({ text }) => line.includes(text)))
    .map((line) => line.replace(ENDING, 'ends_with $2 $1'))
    .join('\n');
}

/** The heads of the tables that a session shows: lines of words in capitals. The real output must contain them. */
export function headsOf(fence: Fence): string[] {
  if (fence.language !== 'console') return [];
  return fence.text
    .split('\n')
    .filter((line) => /^[A-Z][A-Z ]+$/.test(line.trim()))
    .map((line) =>
      line
        .trim()
        .split(/\s{2,}/)
        .join(' '),
    );
}
