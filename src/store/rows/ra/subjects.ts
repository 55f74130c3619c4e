import type { Subjects } from '../../../model/subject.js';
import * as authorizations from './authorizations.js';
import * as certificates from './certificates.js';
import * as orders from './orders.js';

/** The rows of the resource that a request is about, by kind. */
export interface SubjectRows {
  authorization: authorizations.AuthorizationRow;
  order: { order: orders.OrderRow; authorizations: authorizations.AuthorizationRow[] };
  certificate: certificates.CertificateRow;
}

export const fromRows: { [Kind in keyof Subjects]: (rows: SubjectRows[Kind]) => Subjects[Kind] } = {
  authorization: authorizations.fromRow,
  order: (found) => ({
    order: orders.fromRow(found.order),
    authorizations: found.authorizations.map(authorizations.fromRow),
  }),
  certificate: certificates.fromRow,
};
