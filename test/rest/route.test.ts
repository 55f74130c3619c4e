import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ADMIN_ROLES, mayActAs } from '../../src/model/administrators.js';
import { privateRoute } from '../../src/rest/route.js';

const definition = {
  summary: 'A route.',
  result: z.null(),
  handle: () => null,
} as const;

describe('a private route', () => {
  it('does not compile without the least role it needs', () => {
    // @ts-expect-error: no role is declared
    expect(privateRoute('GET', '/private/x', definition)).toMatchObject({ access: 'private' });
    expect(privateRoute('GET', '/private/x', 'auditor', definition)).toMatchObject({ role: 'auditor' });
  });
});

describe('a role', () => {
  it('includes what the lesser ones may do, and nothing of a greater one', () => {
    const table = ADMIN_ROLES.map((role) => ADMIN_ROLES.map((least) => mayActAs(role, least)));
    expect(table).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
    ]);
  });
});
