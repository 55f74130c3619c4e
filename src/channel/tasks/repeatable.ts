import { acmeTasks } from './acme.js';
import type { OperationsTasks, RegistrationTasks } from './index.js';

type TaskName = keyof OperationsTasks | keyof RegistrationTasks;

/**
 * Idempotent tasks: after a lost answer they may go to another CA.
 * Tasks that make a new key or certificate each time are not idempotent. The certificate of an order or an enrolment is
 * made once, so those tasks are. So are all ACME tasks.
 */
const NAMES: readonly TaskName[] = [
  'ping',
  'get_health',
  'get_figures',
  'list_not_renewed',
  'status',
  'get_ca',
  'get_ca_chain',
  'get_authorities',
  'get_crl',
  'get_crl_part',
  'generate_crl',
  'get_options',
  'list_profiles',
  'get_profile',
  'list_acme_profiles',
  'view',
  'list_certificates',
  'search_certificates',
  'ocsp_check',
  'ocsp_respond',
  'certificate_history',
  'revoke',
  'revoke_serial',
  'list_compromised_keys',
  'list_admins',
  'add_admin',
  'remove_admin',
  'list_nodes',
  'get_node',
  'enroll',
];

export const REPEATABLE: ReadonlySet<string> = new Set([...NAMES, ...Object.keys(acmeTasks)]);
