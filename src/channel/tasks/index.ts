import { acmeTasks } from './acme.js';
import { authorityTasks } from './authorities.js';
import { certificateTasks } from './certificates.js';
import { figureTasks } from './figures.js';
import { nodeTasks, registrationTasks } from './nodes.js';
import { pkiTasks } from './pki.js';

/** All tasks of the contract, grouped by the socket that answers them. */
export const operations = {
  ...pkiTasks,
  ...certificateTasks,
  ...figureTasks,
  ...authorityTasks,
  ...nodeTasks,
  ...acmeTasks,
} as const;
export const registration = registrationTasks;

export type OperationsTasks = typeof operations;
export type RegistrationTasks = typeof registration;

export type { Handlers, Params, ParamsIn, Port, Result, Task, Tasks } from './task.js';
