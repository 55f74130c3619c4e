import type { Failure } from '../../../model/facts.js';

export const COLUMNS = 'id, at, name, step, account_id, why';

export type FailureRow = [
  id: string,
  at: number,
  name: string,
  step: string,
  accountId: string | null,
  why: string,
];

export function toRow({ id, at, name, step, accountId, why }: Failure): FailureRow {
  return [id, at, name, step, accountId, why];
}

export function fromRow([id, at, name, step, accountId, why]: FailureRow): Failure {
  return { id, at, name, step, accountId, why };
}

/** After every id, which are hex. */
export const NEWEST = 'g';
