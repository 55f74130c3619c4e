import { z } from 'zod';
import { time } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

const depth = z.object({ running: z.number().int(), waiting: z.number().int() });
const octets = (what: string) => z.number().describe(`${what}, in octets`);

export const status = z.object({
  status: z
    .enum(['well', 'warning', 'failing'])
    .describe('failing: something does not work; warning: it will, or somebody must look at it'),
  at: time,
  ra: z.object({
    version: z.string(),
    name: z.string().describe('Common name of its certificate'),
    host: z.string(),
    serving: z.boolean().describe('false: it was opened for a command of its machine'),
    started: time,
    node: z.string().describe('Version of Node.js'),
    memory: octets('Memory in use'),
    disk_free: octets('Free where it keeps its files').optional(),
    certificate_ends: time,
  }),
  ca: z
    .object({
      version: z.string().optional(),
      started: time,
      database_ms: z.number().describe('How long a durable write took just now'),
      disk_free: octets('Free where it keeps its files').optional(),
    })
    .optional()
    .describe('Missing: it does not answer, or counts nothing'),
  database: z.object({
    kind: z.enum(['sqlite', 'postgresql']),
    location: z.string(),
    write_ms: z
      .number()
      .optional()
      .describe('How long a durable write took just now; missing: none succeeds'),
  }),
  authorities: z.array(
    z.object({ id: z.string(), kind: z.string(), state: z.string(), dn: z.string(), not_after: time }),
  ),
  crls: z.array(z.object({ issuer: z.string(), number: z.number().int(), next_update: time })),
  certificates: z
    .object({
      good: z.number().int(),
      ending: z.number().int().optional().describe('Of the good ones, those that end within 14 days'),
      late: z.number().int().describe('Past their renewal window, and nothing has replaced them'),
      revoked: z.number().int().describe('On hold, too'),
      expired: z.number().int(),
    })
    .optional(),
  queues: z.record(z.string(), depth),
  notices_waiting: z.number().int().optional().describe('At most 10,000 are counted'),
  last_backup: time.optional().describe('By `upki backup` on this machine'),
  troubles: z.array(z.string()).describe('What does not work'),
  warnings: z.array(z.string()),
});

/** The state of all components, from known figures: the request itself counts no records. */
export function statusRoute(look: () => Promise<z.output<typeof status>>): Route {
  return privateRoute('GET', '/private/status', 'auditor', {
    summary:
      'How everything is, at a glance: programs, the CA and when its parts end, database, queues, certificates, the last backup, warnings.',
    result: status,
    handle: look,
  });
}
