import * as authorizations from '../../rows/ra/authorizations.js';
import * as certificates from '../../rows/ra/certificates.js';
import type { SubjectRows } from '../../rows/ra/subjects.js';
import type { Row } from '../database.js';
import { orderFromRow, type SelectedOrder, selectOrder } from './orders.js';
import type { SeenChallenges } from './seen-challenges.js';

/** How the resource that a request is about is read: a SELECT by its id, and what its row holds. */
type Reading = {
  [Kind in keyof SubjectRows]: {
    select(id: string): string;
    rowsOf(row: Row, seen: SeenChallenges): SubjectRows[Kind];
  };
};

/** The rows are what the texts select. */
export const SUBJECTS: Reading = {
  authorization: {
    select: (id) => `SELECT ${authorizations.COLUMNS} FROM authorizations WHERE id = ${id}`,
    rowsOf: (row, seen) => {
      const found = row as authorizations.AuthorizationRow;
      seen.note(found[0], found[authorizations.CHALLENGES]);
      return found;
    },
  },
  order: {
    select: selectOrder,
    rowsOf: (row) => orderFromRow(row as SelectedOrder),
  },
  certificate: {
    select: (id) => `SELECT ${certificates.COLUMNS} FROM certificates WHERE id = ${id}`,
    rowsOf: (row) => row as certificates.CertificateRow,
  },
};
