import { z } from 'zod';
import { privateRoute, type Route } from '../../route.js';

/** The source and value of each setting, by the name of its variable; secrets are already redacted. */
export type SettingSources = Readonly<Record<string, { value: string; source: string }>>;

/** `settings` are by the name of their variable; secrets are already redacted. */
export function configRoutes(settings: Readonly<Record<string, string>>, sources: SettingSources): Route[] {
  return [
    privateRoute('GET', '/private/config', 'auditor', {
      summary: "The RA's settings in effect, by the name of their variable; secrets are left out.",
      result: z.record(z.string(), z.string()),
      handle: () => ({ ...settings }),
    }),
    privateRoute('GET', '/private/config/sources', 'auditor', {
      summary:
        "The RA's settings in effect and where each comes from; secrets are left out. As `upki config` prints them.",
      result: z.record(z.string(), z.object({ value: z.string(), source: z.string() })),
      handle: () => ({ ...sources }),
    }),
  ];
}
