import type { z } from 'zod';
import { operations, type Port, registration, type Tasks } from './tasks/index.js';

/** The reference of all tasks as Markdown, written to docs/channel.md. */
export function describeChannel(): string {
  return [
    '# The channel between RA and CA',
    '',
    '<!-- Generated from src/channel/tasks by `npm run docs`; a test keeps it current. -->',
    '',
    'ZeroMQ over TCP; each message is a JSON text in UTF-8. A peer is a plain REQ socket, or a DEALER that puts a request id and an',
    'empty frame before the text and gets both back before the answer. Answers come in any order.',
    '',
    '```',
    '{"TASK": name, "params": {…}}                        params may be absent',
    '{"EVENT": "ANSWER", "DATA": result}',
    '{"EVENT": "ANSWER", "DATA": result, "OCTETS": name}  the member of this name is in a second frame, as it is',
    '{"EVENT": "UPKI ERROR", "MSG": "[code] text", "KIND": kind}',
    '```',
    '',
    'Codes: 200 validation, 300 certificate, 500 profile, 700 communication. `KIND` is for programs: `badCSR`, `rejectedIdentifier`,',
    '`alreadyRevoked`, `notFound`, `unknownTask`, `retry` (it is unknown whether anything was done) or `other`.',
    'A serial is a JSON integer of up to 160 bits, more than a double can hold.',
    '',
    ...section('operations', operations),
    ...section('registration', registration),
  ].join('\n');
}

const TITLES: Record<Port, string> = {
  operations: '## Operations (port 5000)',
  registration: '## Registration (port 5001)',
};

function section(port: Port, tasks: Tasks): string[] {
  const rows = Object.entries(tasks).map(([name, { summary, params, result }]) =>
    row([`\`${name}\``, parameters(params), describe(result), summary]),
  );
  return [
    TITLES[port],
    '',
    row(['Task', 'Parameters (default)', 'Result', 'What it does']),
    '|---|---|---|---|',
    ...rows,
    '',
  ];
}

const row = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function parameters(schema: z.ZodObject): string {
  return members(schema)
    .map((member) => `\`${member}\``)
    .join('<br>');
}

function members(schema: z.ZodObject): string[] {
  return Object.entries(schema.shape).map(([name, member]) => describeMember(name, member as z.ZodType));
}

function describeMember(name: string, schema: z.ZodType): string {
  const { def } = schema as unknown as {
    def: { type: string; innerType: z.ZodType; defaultValue?: unknown };
  };
  if (def.type === 'optional') return `${name}?: ${describe(def.innerType)}`;
  if (def.type === 'default') {
    return `${name}: ${describe(def.innerType)} (${JSON.stringify(def.defaultValue)})`;
  }
  return `${name}: ${describe(schema)}`;
}

function describe(schema: z.ZodType): string {
  const wire = schema.meta()?.wire;
  if (typeof wire === 'string') return wire;
  const { def } = schema as unknown as {
    def: { type: string; element?: z.ZodType; innerType?: z.ZodType; entries?: object; shape?: object };
  };
  switch (def.type) {
    case 'object':
      return `{${members(schema as z.ZodObject).join(', ')}}`;
    case 'array':
      return def.element ? `[${describe(def.element)}]` : '[]';
    case 'nullable':
      return def.innerType ? `${describe(def.innerType)} or null` : 'null';
    case 'enum':
      return Object.keys(def.entries ?? {}).join(', ');
    default:
      return def.type;
  }
}
