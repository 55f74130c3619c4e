import { z } from 'zod';
import type { CertificateAuthority } from '../../../model/ca.js';
import { Refused } from '../../../model/refusal.js';
import { profileName } from '../../fields.js';
import { publicRoute, type Route } from '../../route.js';

const profileFields = z.looseObject({
  keyType: z.string(),
  keyLen: z.number(),
  duration: z.number().describe('Days; hours are parts of one'),
  altnames: z.boolean().describe('Whether it may have subject alternative names'),
  keyUsage: z.array(z.string()),
  extendedKeyUsage: z.array(z.string()),
});

/** The certificate profiles. */
export function profileRoutes(ca: Pick<CertificateAuthority, 'profileNames' | 'profile'>): Route[] {
  return [
    publicRoute('GET', '/public/profiles', {
      summary: 'Names of the certificate profiles.',
      result: z.array(z.string()),
      handle: () => ca.profileNames(),
    }),
    publicRoute('GET', '/public/profiles/{name}', {
      summary: 'One profile.',
      params: z.strictObject({ name: profileName }),
      result: profileFields,
      async handle({ path: { name } }) {
        return profileFields.parse(await knownProfile(ca, name));
      },
    }),
  ];
}

/** @throws Refused notFound */
async function knownProfile(
  ca: Pick<CertificateAuthority, 'profile'>,
  name: string,
): Promise<Record<string, unknown>> {
  const profile = /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name) ? await ca.profile(name) : null;
  if (profile === null) throw new Refused('notFound', `there is no profile "${name}"`, { field: 'name' });
  return profile;
}
