import { z } from 'zod';
import { RestError } from '../../../http/rest-error.js';
import { readEntry } from '../../../model/administrators.js';
import type { CaAdministration } from '../../../ra/ca/administration.js';
import { attributeOf, type DistinguishedName, formatDn, sameDn } from '../../../x509/name.js';
import { OID } from '../../../x509/oids.js';
import { text } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

const entry = z.object({ dn: z.string() });
const DN = text('DN, RFC 4514 or `/O=…/CN=…`, or a bare common name');

/** Who may administer. */
export function adminRoutes(
  administration: Pick<CaAdministration, 'admins' | 'addAdmin' | 'removeAdmin'>,
): Route[] {
  const listed = async (name: DistinguishedName) =>
    (await administration.admins()).map(readEntry).some((each) => sameDn(each, name));
  return [
    privateRoute({
      method: 'GET',
      role: 'auditor',
      path: '/private/admins',
      summary: 'The administrators, in the order they were added.',
      result: z.array(entry),
      handle: async () => (await administration.admins()).map((dn) => ({ dn })),
    }),
    privateRoute({
      method: 'POST',
      role: 'admin',
      path: '/private/admins',
      summary: 'Makes the holders of certificates of profile `admin` with this subject administrators.',
      body: z.strictObject({ dn: DN }),
      status: 201,
      result: entry.describe('The name as it is kept, RFC 4514'),
      audited: ({ dn }) => ({ dn }),
      async handle({ body }) {
        const name = readDn(body.dn);
        if (attributeOf(name, OID.commonName) === null) {
          throw new RestError('invalidRequest', 'dn must have a common name (CN)', { field: 'dn' });
        }
        const dn = formatDn(name);
        if (await listed(name)) {
          throw new RestError('conflict', `${dn} is an administrator already`, { field: 'dn' });
        }
        await administration.addAdmin(dn);
        return { dn };
      },
    }),
    privateRoute({
      method: 'DELETE',
      role: 'admin',
      path: '/private/admins/{dn}',
      summary:
        'Takes a name off the list, in whatever notation it is written; it counts from the next request.',
      params: z.strictObject({ dn: DN }),
      result: entry,
      async handle({ path }) {
        const name = readDn(path.dn);
        const dn = formatDn(name);
        if (!(await listed(name))) {
          throw new RestError('notFound', `${dn} is not an administrator`, { field: 'dn' });
        }
        await administration.removeAdmin(dn);
        return { dn };
      },
    }),
  ];
}

/** @throws RestError naming the field */
function readDn(text: string): DistinguishedName {
  const name = readEntry(text);
  if (name.length === 0)
    throw new RestError('invalidRequest', 'dn is not a distinguished name', { field: 'dn' });
  return name;
}
