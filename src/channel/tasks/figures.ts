import { z } from 'zod';
import { named, none, page, serial, time } from './fields.js';
import { task } from './task.js';

/** Tasks for monitoring the CA. */

export const figureTasks = {
  get_figures: task(
    'Returns the counters of the CA for monitoring, without counting anything again: the expiry of all its CA certificates, its ' +
      'CRLs, and whether the audit log was found broken. `database_ms`: duration of a test write.',
    none,
    z.object({
      certificates: z
        .array(z.object({ profile: z.string(), state: z.string(), count: z.number() }))
        .meta({ wire: '[{profile, state: good|revoked|expired, count}]' }),
      ending: z.number().optional().meta({ wire: 'good certificates that expire within 14 days' }),
      not_renewed: z.array(named(z.object({ profile: z.string(), count: z.number() }))),
      authorities: z
        .array(
          z.object({
            id: z.string(),
            kind: z.string(),
            dn: z.string(),
            not_before: time,
            not_after: time,
            in_use: z.boolean(),
          }),
        )
        .meta({ wire: '[{id, kind: root|issuer|cross, dn, not_before, not_after, in_use}]' }),
      crls: z.array(
        named(z.object({ issuer: z.string(), number: z.number(), this_update: time, next_update: time })),
      ),
      audit: z.object({ records: z.number(), fault: z.string().optional() }),
      database_ms: z.number(),
      disk_free: z.number().optional(),
      backup_at: time
        .optional()
        .meta({ wire: 'time of the last complete `upki backup` of its directory, in ms since the epoch' }),
      started_at: time,
      version: z.string().optional(),
    }),
  ),
  list_not_renewed: task(
    'Returns certificates past their renewal window (RFC 9773) that no later one replaces, by serial, a page at a time.',
    page,
    z
      .object({
        certificates: z.array(
          z.object({
            serial,
            cn: z.string(),
            profile: z.string(),
            account_id: z.string().optional(),
            not_before: time,
            not_after: time,
            names: z.array(z.string()),
          }),
        ),
        next: z.string().nullable(),
      })
      .meta({
        wire: '{certificates: [{serial, cn, profile, account_id?, not_before, not_after, names}], next: string or null}',
      }),
  ),
} as const;
