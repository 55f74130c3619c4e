import { z } from 'zod';
import { certificateTasks } from '../channel/tasks/certificates.js';
import { sans, serial } from '../channel/tasks/fields.js';
import { registrationTasks } from '../channel/tasks/nodes.js';
import { pkiTasks } from '../channel/tasks/pki.js';
import { task } from '../channel/tasks/task.js';

/**
 * The tasks of the Python CA that differ from our contract and that the RA uses. Results are read leniently, because custom
 * profiles may lack any member.
 */

const text = z.string().catch('');
const texts = z.array(z.string()).catch([]);

export const pythonOperations = {
  get_ca: pkiTasks.get_ca,
  get_crl: pkiTasks.get_crl,
  generate_crl: pkiTasks.generate_crl,
  list_profiles: pkiTasks.list_profiles,
  sign: certificateTasks.sign,
  revoke: pkiTasks.revoke,
  get_profile: task(
    'One profile.',
    z.object({ profile: z.string() }),
    z.looseObject({
      duration: z.number().catch(365),
      keyUsage: texts,
      extendedKeyUsage: texts,
      domain: text,
    }),
  ),
  view: task(
    'Returns the newest certificate of a bare CN.',
    z.object({ dn: z.string() }),
    z.looseObject({
      serial_number: serial,
      not_valid_before: z.string(),
      sans: z.array(z.object({ type: z.string(), value: z.string() })).catch([]),
    }),
  ),
} as const;

export const pythonRegistration = {
  register: task(
    'Registers an RA; the CA makes the key and sends it unencrypted.',
    z.object({ seed: z.string(), cn: z.string(), profile: z.string(), sans }),
    z.looseObject({ certificate: z.string(), private_key: z.string(), ca_certificate: z.string() }),
  ),
  ping: registrationTasks.ping,
} as const;

export type PythonOperations = typeof pythonOperations;
