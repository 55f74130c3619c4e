import type { Handlers, OperationsTasks } from '../../channel/tasks/index.js';
import { acmeHandlers } from './acme.js';
import { authorityHandlers } from './authorities.js';
import { certificateHandlers } from './certificates.js';
import type { CaServices } from './context.js';
import { figureHandlers } from './figures.js';
import { nodeHandlers } from './nodes.js';
import { pkiHandlers } from './pki.js';

/** Every task of the operations socket. */
export function operationsHandlers(services: CaServices): Handlers<OperationsTasks> {
  return {
    ...pkiHandlers(services),
    ...authorityHandlers(services),
    ...certificateHandlers(services),
    ...nodeHandlers(services),
    ...figureHandlers(services),
    ...acmeHandlers(services),
  };
}

export type { CaServices } from './context.js';
export { registrationHandlers } from './registration.js';
