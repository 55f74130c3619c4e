import { z } from 'zod';
import { privateRoute, type Route } from '../../route.js';

/** `settings` by the name of their variable, secrets redacted already. */
export function configRoute(settings: Readonly<Record<string, string>>): Route {
  return privateRoute({
    method: 'GET',
    role: 'auditor',
    path: '/private/config',
    summary: "The RA's settings in effect, by the name of their variable; secrets are left out.",
    result: z.record(z.string(), z.string()),
    handle: () => ({ ...settings }),
  });
}

/** The source and value of each setting, by the name of its variable; secrets are already redacted. */
export type SettingSources = Readonly<Record<string, { value: string; source: string }>>;

export function configSourcesRoute(sources: SettingSources): Route {
  return privateRoute({
    method: 'GET',
    role: 'auditor',
    path: '/private/config/sources',
    summary:
      "The RA's settings in effect and where each comes from; secrets are left out. As `upki config` prints them.",
    result: z.record(z.string(), z.object({ value: z.string(), source: z.string() })),
    handle: () => ({ ...sources }),
  });
}
