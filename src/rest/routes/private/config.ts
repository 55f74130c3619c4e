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
