import { z } from 'zod';
import { REVOCATION_REASON } from '../x509/crl.js';

/** Reasons of a revocation (RFC 5280 §5.3.1), without 7, which does not exist, and without those that begin and end a hold. */
const { removeFromCRL: _, certificateHold: __, ...REASONS } = REVOCATION_REASON;
type Reason = keyof typeof REASONS;

export const REASON_NAMES = Object.keys(REASONS) as [Reason, ...Reason[]];

export const reasonNameOf = (code: number): Reason =>
  REASON_NAMES.find((name) => REASONS[name] === code) ?? 'unspecified';

/** A reason by name or by number; `reasonCodeOf` returns the number. */
export const reason = z
  .union([z.enum(REASON_NAMES), z.literal(Object.values(REASONS))], {
    error: `must be one of ${REASON_NAMES.map((name) => `${name} (${REASONS[name]})`).join(', ')}`,
  })
  .default('unspecified')
  .describe('RFC 5280 §5.3.1, by name or by number');

export const reasonCodeOf = (given: z.output<typeof reason>): number =>
  typeof given === 'number' ? given : REASONS[given];
