import { z } from 'zod';
import type { Activity } from '../../../ra/activity.js';
import { time } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

const count = z.number().int();

/** Counts per hour, for charts. */
export function activityRoute(activity: Pick<Activity, 'hours'>): Route {
  return privateRoute('GET', '/private/activity', 'auditor', {
    summary:
      'What all RAs on this store have counted by the hour, for thirty days: certificates issued over ACME, failed validations and refused orders, revocations. Hours without any are left out.',
    result: z.array(z.object({ hour: time, issued: count, failed: count, revoked: count })),
    handle: async () => (await activity.hours()).map(({ at, ...counts }) => ({ hour: at, ...counts })),
  });
}
