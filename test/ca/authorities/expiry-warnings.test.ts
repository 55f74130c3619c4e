import { describe, expect, it } from 'vitest';
import { describeSet } from '../../../src/ca/authorities/status.js';
import { loadProfiles } from '../../../src/ca/issue/profiles.js';
import { beside, DAY, start } from './harness.js';

describe('warnings of an approaching expiry', () => {
  it.each([400, 360, 89, 29, 6])('%i days before', async (days) => {
    const world = await start();
    await beside(world, async ({ set }, store) => {
      const end = set.newest?.certificate.notAfter ?? 0;
      const all = await describeSet({ set, store, succeedAt: 0.5, profiles: [], now: end - days * DAY });
      const { warning } = all.find(({ kind }) => kind === 'issuer') ?? {};
      if (days === 400) expect(warning).toBeUndefined();
      else expect(warning).toContain('in less than');
    });
  });

  it('profiles with a longer validity than the issuer are named', async () => {
    const world = await start();
    await beside(world, async ({ set }, store) => {
      const end = set.newest?.certificate.notAfter ?? 0;
      const profiles = [...(await loadProfiles(null)).values()];
      const warningAt = async (days: number) => {
        const all = await describeSet({ set, store, succeedAt: 0.5, profiles, now: end - days * DAY });
        return all.find(({ kind }) => kind === 'issuer')?.warning;
      };
      expect(await warningAt(400)).toBeUndefined();
      expect(await warningAt(100)).toMatch(
        /certificates of these profiles end with the issuer .*sooner than they say: ra \(180 days\), admin \(365 days\)$/,
      );
    });
  });
});
