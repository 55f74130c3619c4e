import { z } from 'zod';
import { ADMIN_ROLES } from '../../model/administrators.js';
import {
  cn,
  curvePublicKey,
  done,
  id,
  leafAndChain,
  none,
  page,
  pem,
  profileName,
  sans,
  time,
  wireSerial,
} from './fields.js';
import { task } from './task.js';

/** Tasks for administrators, registered nodes, and registration (port 5001). */

/** The acting administrator, as reported by the RA. */
const by = z.string().min(1).max(1024).meta({ wire: 'DN' });

/** Base URL at which the RA serves CRLs, OCSP and issuers, for the URLs in certificates. No path, query or user. */
const publicUrl = z
  .string()
  .max(512)
  .refine(
    (value) => URL.canParse(value) && value.startsWith('http://') && new URL(value).origin === value,
    'it must be an http URL without path, query and user',
  )
  .meta({ wire: 'http URL without path' });

const dn = z.string().min(1).max(1024).meta({ wire: 'DN in either notation, or CN' });

const node = z.object({
  cn: z.string(),
  dn: z.string(),
  profile: z.string(),
  sans: z.array(z.object({ type: z.string(), value: z.string() })),
  registered_at: time,
});

export const nodeTasks = {
  introduce: task(
    'Identifies the peer of this connection, for the audit log; false when the proof is invalid.',
    z.object({ public_key: curvePublicKey, proof: z.string().max(64) }),
    done,
  ),
  list_admins: task('Returns the DNs of the administrators.', none, z.array(z.string())),
  list_administrators: task(
    'Returns the list of administrators, in the order they were added.',
    none,
    z.array(z.object({ dn: z.string(), role: z.enum(ADMIN_ROLES), added_at: time })),
  ),
  get_admin_role: task(
    'Returns the role of the administrator that a certificate belongs to, or `none`. Does not check whether the certificate is good.',
    z.object({ serial: wireSerial }),
    z.object({ role: z.enum([...ADMIN_ROLES, 'none']) }),
  ),
  add_admin: task(
    'Adds an entry to the list of administrators; repeating it is not an error. Makes no certificate: that is done on the CA’s ' +
      'machine. `by` is the administrator who asks, as the RA says. Refused when UPKI_CA_ADMINS_BY_RA is false.',
    z.object({ dn, role: z.enum(ADMIN_ROLES).default('admin'), by: by.optional() }),
    done,
  ),
  remove_admin: task(
    'Removes an administrator and revokes their certificates; an absent one is not an error. `by` as for add_admin.',
    z.object({ dn, by: by.optional() }),
    done,
  ),
  list_nodes: task('Returns the registered nodes by CN, a page at a time.', page, z.array(node)),
  get_node: task('Returns one registered node.', z.object({ cn }), node),
  enroll: task(
    'Certifies the key of a CSR for the names and the profile of a node that an RA registered, once for each request. Repeating ' +
      'it with the same key and names returns the same certificate; others are an error. Only the key of the CSR is used.',
    z.object({ request_id: id, csr: pem, cn, sans: sans.default([]), profile: profileName }),
    leafAndChain,
  ),
} as const;

export const registrationTasks = {
  ping: task('Answers and does nothing else.', none, done),
  register: task(
    'Registers an RA. Refuses the profile `admin`: administrators’ certificates are made on the CA’s machine. In curve mode `csr` and `curve_public_key` are ' +
      'required and no seed is sent; in clear mode the seed is checked, and without a `csr` the CA makes the key and returns it.',
    z.object({
      seed: z.string().max(1024).default(''),
      cn,
      profile: profileName.default('ra'),
      sans: sans.default([]),
      csr: pem.optional(),
      curve_public_key: curvePublicKey.optional(),
      public_url: publicUrl.optional(),
    }),
    z.object({
      status: z.literal('registered').meta({ wire: '"registered"' }),
      cn: z.string(),
      profile: z.string(),
      certificate: z.string().meta({ wire: 'PEM, leaf first, root left out' }),
      private_key: z.string().optional(),
      ca_certificate: z.string().meta({ wire: 'PEM of the root' }),
      chain: z.string().meta({ wire: 'PEM of the issuing chain' }),
      operations_public_key: z.string().optional(),
      operations_port: z.number(),
    }),
  ),
  status: task(
    'Tells whether a name is registered.',
    z.object({ cn: z.string().max(1024).default('') }),
    z
      .union([
        z.object({
          status: z.literal('registered'),
          node: z.object({ cn: z.string(), profile: z.string(), registered_at: time }),
        }),
        z.object({ status: z.literal('not_registered') }),
      ])
      .meta({ wire: '{status: registered, node: {cn, profile, registered_at}} or {status: not_registered}' }),
  ),
} as const;
