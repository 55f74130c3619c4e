import { z } from 'zod';
import { ADMIN_ROLES, readEntry } from '../../../model/administrators.js';
import type { CertificateAuthority } from '../../../model/ca.js';
import { Refused } from '../../../model/refusal.js';
import { attributeOf, type DistinguishedName, formatDn, sameDn } from '../../../x509/name.js';
import { OID } from '../../../x509/oids.js';
import { text } from '../../fields.js';
import { privateRoute, type Route } from '../../route.js';

const ROLE = z.enum(ADMIN_ROLES);
const entry = z.object({ dn: z.string(), role: ROLE });
const DN = text('DN, RFC 4514 or `/O=…/CN=…`, or a bare common name');

/** The list of administrators. */
export function adminRoutes(
  ca: Pick<CertificateAuthority, 'administrators' | 'addAdministrator' | 'removeAdministrator'>,
): Route[] {
  const listed = async (name: DistinguishedName) =>
    (await ca.administrators()).find(({ dn }) => sameDn(readEntry(dn), name)) ?? null;
  return [
    privateRoute('GET', '/private/admins', 'auditor', {
      summary: 'The administrators, in the order they were added.',
      result: z.array(entry),
      handle: () => ca.administrators(),
    }),
    privateRoute('POST', '/private/admins', 'admin', {
      summary:
        'Puts a name on the list of administrators. Certificates made before give no rights by it: ' +
        '`upki admin add`, on the machine of the CA, makes one for the name.',
      body: z.strictObject({
        dn: DN,
        role: ROLE.default('admin').describe('auditor reads, operator also revokes and manages nodes'),
      }),
      status: 201,
      result: entry.describe('The name as it is kept, RFC 4514'),
      audited: ({ dn, role }) => ({ dn, role }),
      async handle({ body, caller }) {
        const name = readDn(body.dn);
        if (attributeOf(name, OID.commonName) === null) {
          throw new Refused('invalidRequest', 'dn must have a common name (CN)', { field: 'dn' });
        }
        const dn = formatDn(name);
        if ((await listed(name)) !== null) {
          throw new Refused('conflict', `${dn} is an administrator already`, { field: 'dn' });
        }
        await ca.addAdministrator(dn, body.role, caller.certificate.dn);
        return { dn, role: body.role };
      },
    }),
    privateRoute('DELETE', '/private/admins/{dn}', 'admin', {
      summary:
        'Revokes the certificates of an administrator and takes the name off the list, in whatever notation it is written.',
      params: z.strictObject({ dn: DN }),
      result: entry,
      async handle({ path, caller }) {
        const name = readDn(path.dn);
        const dn = formatDn(name);
        const entry = await listed(name);
        if (entry === null) {
          throw new Refused('notFound', `${dn} is not an administrator`, { field: 'dn' });
        }
        await ca.removeAdministrator(dn, caller.certificate.dn);
        return { dn, role: entry.role };
      },
    }),
  ];
}

/** @throws Refused naming the field */
function readDn(text: string): DistinguishedName {
  const name = readEntry(text);
  if (name.length === 0)
    throw new Refused('invalidRequest', 'dn is not a distinguished name', { field: 'dn' });
  return name;
}
