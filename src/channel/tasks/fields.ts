import { z } from 'zod';
import { invalidReason, reasonCode } from '../reasons.js';
import { parseSerial, serialFromHex, serialToHex } from '../serial.js';
import { z85DecodeKey } from '../z85.js';

/** Values that several tasks share. Every size is bounded, because messages of the channel are small. */

const MAX_NAME = 1024;
/** A CSR with an 8192-bit RSA key and 1000 names of 30 characters is under 50 kB of PEM. */
const MAX_PEM = 65_536;
/** The most that an RA may allow in an order (UPKI_RA_MAX_IDENTIFIERS). */
export const MAX_NAMES = 1000;

const bigNumber = z.union([z.number(), z.bigint()]);

/** Hex in the program, a JSON integer of up to 160 bits on the wire. */
export const serial = z
  .codec(bigNumber, z.string(), {
    decode: (value, context) => {
      const hex = serialToHex(value);
      if (hex !== null) return hex;
      context.issues.push({ code: 'custom', message: 'not a serial number', input: value });
      return z.NEVER;
    },
    encode: (hex) => serialFromHex(hex),
  })
  .meta({ wire: 'integer of up to 160 bits' });

/** A serial as a parameter: an integer or text in any notation; hex in the program. */
export const wireSerial = z
  .union([bigNumber, z.string().max(64)])
  .transform((value, context) => {
    const hex = typeof value === 'string' ? parseSerial(value) : serialToHex(value);
    if (hex !== null) return hex;
    context.issues.push({ code: 'custom', message: `Invalid serial: ${value}`, input: value });
    return z.NEVER;
  })
  .meta({ wire: 'serial: integer, or digits, or hex' });

export const cn = z.string().min(1).max(MAX_NAME).meta({ wire: 'string' });

export const profileName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'expected letters, digits, - and _')
  .meta({ wire: 'string' });

/** Identifies a certificate: a bare CN, `/CN=…`, a whole DN in either notation, or its serial. */
export const dn = z
  .union([z.string().min(1).max(MAX_NAME), z.number(), z.bigint()])
  .meta({ wire: 'bare CN, /CN=…, whole DN, or serial' });

export const pem = z.string().min(1).max(MAX_PEM).meta({ wire: 'PEM' });

export const SAN_TYPES = ['DNS', 'IP', 'EMAIL', 'URI'] as const;

export const sans = z
  .array(z.object({ type: z.enum(SAN_TYPES), value: z.string().min(1).max(MAX_NAME) }))
  .max(MAX_NAMES)
  .meta({ wire: '[{type: DNS|IP|EMAIL|URI, value}]' });

/** A reason code, given by name or number. */
export const reason = z
  .union([z.string(), z.number(), z.bigint()])
  .transform((value, context) => {
    const code = reasonCode(value);
    if (code !== null) return code;
    context.issues.push({ code: 'custom', message: invalidReason(value), input: value });
    return z.NEVER;
  })
  .meta({ wire: 'RFC 5280 reason, by name or number' });

export const identifiers = z
  .array(z.object({ type: z.enum(['dns', 'ip']), value: z.string().min(1).max(MAX_NAME) }))
  .min(1)
  .max(MAX_NAMES)
  .meta({ wire: '[{type: dns|ip, value}]' });

/** An ACME resource id of this RA or another one: opaque and short. */
export const id = z.string().min(1).max(255).meta({ wire: 'string' });

/** Milliseconds since the epoch in the program, RFC 3339 on the wire. */
export const time = z
  .codec(z.string().max(64), z.number(), {
    decode: (text, context) => {
      const at = Date.parse(text);
      if (!Number.isNaN(at)) return at;
      context.issues.push({ code: 'custom', message: 'not an RFC 3339 time', input: text });
      return z.NEVER;
    },
    encode: (at) => new Date(at).toISOString(),
  })
  .meta({ wire: 'RFC 3339 time' });

/** The members that describe a revocation; absent for a certificate that is not revoked. */
export const REVOCATION = { revoke_reason: z.string().optional(), revoke_date: time.optional() };

/** Describes an object by the names of its members only, without their types. */
export function named<T extends z.ZodObject>(schema: T): T {
  const names = Object.entries(schema.shape).map(([name, member]) =>
    member instanceof z.ZodOptional ? `${name}?` : name,
  );
  return schema.meta({ wire: `{${names.join(', ')}}` });
}

export const curvePublicKey = z
  .string()
  .refine((text) => z85DecodeKey(text) !== null, 'expected a CURVE public key in Z85 (40 characters)')
  .meta({ wire: 'CURVE public key, Z85' });

/** PEM: the leaf, then its issuing chain without the root; the file a server loads. */
export const certificateFile = z.string().meta({ wire: 'PEM, leaf first, root left out' });
export const issued = z.object({ certificate: certificateFile, serial });
export const issuedWithDn = z.object({ dn: z.string(), certificate: certificateFile, serial });
/** The PEM of a leaf and of its issuing chain. */
export const leafAndChain = z.object({
  certificate: z.string().meta({ wire: 'PEM of the leaf' }),
  chain: z.string(),
  serial,
});
export const done = z.boolean().meta({ wire: 'true' });
/** A page of a listing, so that the size of an answer is bounded. */
export const page = z.object({
  limit: z.number().int().min(1).max(1000).default(1000),
  after: z.string().max(255).optional(),
});
export const none = z.object({});
