import { z } from 'zod';
import type { CertificateRegister } from '../../../model/ca-register.js';
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

/** The profiles certificates are made by. */
export function profileRoutes(register: Pick<CertificateRegister, 'profileNames' | 'profile'>): Route[] {
  return [
    publicRoute({
      method: 'GET',
      path: '/public/profiles',
      summary: 'Names of the certificate profiles.',
      result: z.array(z.string()),
      handle: () => register.profileNames(),
    }),
    publicRoute({
      method: 'GET',
      path: '/public/profiles/{name}',
      summary: 'One profile.',
      params: z.strictObject({ name: profileName }),
      result: profileFields,
      async handle({ path: { name } }) {
        return profileFields.parse(await knownProfile(register, name));
      },
    }),
  ];
}

/** @throws Refused notFound */
export async function knownProfile(
  register: Pick<CertificateRegister, 'profile'>,
  name: string,
): Promise<Record<string, unknown>> {
  const profile = /^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name) ? await register.profile(name) : null;
  if (profile === null) throw new Refused('notFound', `there is no profile "${name}"`, { field: 'name' });
  return profile;
}
