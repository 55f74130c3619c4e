import { z } from 'zod';
import { privateRoute, type Route } from '../../route.js';

export interface Rules {
  list(): Promise<{
    settings: { name: string; value: string; kept: string | null }[];
    compromisedKeys: string[];
  }>;
  /** Changes all or nothing. @throws Refused */
  change(change: {
    settings?: Record<string, string | null> | undefined;
    compromisedKeys?: string[] | undefined;
  }): Promise<void>;
}

const MOST_KEYS = 10_000;

const shown = z.object({
  settings: z.array(
    z.object({
      name: z.string().describe('Of the variable'),
      value: z.string().describe('In effect at this RA'),
      kept: z.string().nullable().describe('What the database keeps for every RA; null: each has its own'),
    }),
  ),
  compromised_keys: z
    .array(z.string())
    .describe('Kept in the database: SHA-256 of the SubjectPublicKeyInfo, hex'),
});

/** Rules in the database, for all RAs that share it. */
export function ruleRoutes(rules: Rules): Route[] {
  const answer = async () => {
    const { settings, compromisedKeys } = await rules.list();
    return { settings, compromised_keys: compromisedKeys };
  };
  return [
    privateRoute('GET', '/private/rules', 'auditor', {
      summary: 'The rules in effect at this RA, and those that the database keeps for every RA.',
      result: shown,
      handle: answer,
    }),
    privateRoute('POST', '/private/rules', 'admin', {
      summary:
        'Changes rules that the database keeps for every RA: they stand above each one’s own, here at once, at the others within seconds. A wrong one changes nothing.',
      body: z.strictObject({
        settings: z
          .record(z.string().max(64), z.string().max(65_536).nullable())
          .optional()
          .describe('By the name of the variable; null: each RA has its own again'),
        compromised_keys: z
          .array(z.string().max(64))
          .max(MOST_KEYS)
          .optional()
          .describe('All of them, in the place of those there were'),
      }),
      result: shown,
      audited: ({ settings = {}, compromised_keys }) => ({
        ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, value ?? 'its own'])),
        ...(compromised_keys && { compromised_keys: String(compromised_keys.length) }),
      }),
      async handle({ body: { settings, compromised_keys: compromisedKeys } }) {
        await rules.change({ settings, compromisedKeys });
        return answer();
      },
    }),
  ];
}
