import type { Authorization, Certificate, OrderAndAuthorizations } from './facts.js';

/** The resources that a signed request may be about (RFC 8555 §7.1), by kind. */
export interface Subjects {
  authorization: Authorization;
  order: OrderAndAuthorizations;
  certificate: Certificate;
}

export interface Subject<Kind extends keyof Subjects> {
  kind: Kind;
  id: string;
}
