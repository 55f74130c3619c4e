import { StoreConflict } from '../contract/errors.js';
import type { Answer, Statement } from './batch.js';
import type { Database, Row, SqlValue } from './database.js';

/** Implements Database over `ask`, which carries out one statement. */
export class Statements implements Database {
  constructor(private readonly ask: (statement: Statement) => Promise<Answer>) {}

  async get<R extends Row>(text: string, ...values: SqlValue[]): Promise<R | undefined> {
    return (await this.#answer<R>(text, values)).rows[0];
  }

  async all<R extends Row>(text: string, ...values: SqlValue[]): Promise<R[]> {
    return (await this.#answer<R>(text, values)).rows;
  }

  async run(text: string, ...values: SqlValue[]): Promise<number> {
    return (await this.#answer(text, values)).changed;
  }

  #answer<R extends Row>(text: string, values: SqlValue[]): Promise<{ rows: R[]; changed: number }> {
    if (values.some(hasNul)) return withNul(text);
    // The rows are what the text selects: see Database.
    return this.ask({ text, name: nameOf(text), values }) as Promise<{ rows: R[]; changed: number }>;
  }
}

/** True for what changes nothing. */
export function isRead({ text }: Statement): boolean {
  return /^\s*SELECT\b/i.test(text);
}

const names = new Map<string, string>();

/** The name under which a text is prepared. */
function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `upki${names.size}`;
    names.set(text, name);
  }
  return name;
}

function hasNul(value: SqlValue): boolean {
  return typeof value === 'string' ? value.includes('\0') : isList(value) && value.some(hasNul);
}

function isList(value: SqlValue): value is readonly SqlValue[] {
  return Array.isArray(value);
}

/** PostgreSQL cannot store U+0000 in a text: a lookup finds nothing, and a write is refused. */
async function withNul(text: string): Promise<{ rows: never[]; changed: number }> {
  if (/^\s*(SELECT|DELETE)\b/i.test(text)) return { rows: [], changed: 0 };
  throw new StoreConflict('a text with the character U+0000 cannot be stored');
}
