/** One instruction of a Containerfile. */
export interface Instruction {
  name: string;
  /** As written, continued lines joined. */
  text: string;
}

/** Of a stage: the image it begins with, and what is done there. */
export interface Stage {
  name: string | null;
  base: string;
  instructions: Instruction[];
}

/** The stages of a Containerfile. @throws Error for a line that is no instruction */
export function stagesOf(file: string): Stage[] {
  const stages: Stage[] = [];
  const lines = file
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replaceAll(/\\\n/g, ' ')
    .split('\n');
  for (const line of lines.map((each) => each.trim()).filter((each) => each !== '')) {
    const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === '') throw new Error(`no instruction: ${line}`);
    if (name === 'FROM') {
      const [base = '', , as = null] = text.split(/\s+/);
      stages.push({ base, name: as, instructions: [] });
    } else {
      const stage = stages.at(-1);
      if (stage === undefined) throw new Error(`${name} before FROM`);
      stage.instructions.push({ name, text });
    }
  }
  return stages;
}

/** A list in JSON, as of CMD. */
export const wordsOf = (text: string): string[] => JSON.parse(text) as string[];

/** `KEY=value` words of ENV. */
export function variablesOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split(/\s+/).map((each) => {
      const at = each.indexOf('=');
      return [each.slice(0, at), each.slice(at + 1)];
    }),
  );
}
