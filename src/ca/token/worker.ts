import { parentPort, workerData } from 'node:worker_threads';
import { errorMessage } from '../../lib/error-message.js';
import { TokenOperations } from './operations.js';
import { loadPackage } from './pkcs11.js';
import { TokenError, type TokenReply, type TokenRequest, type TokenWorkerData } from './protocol.js';

/** The thread of one PKCS #11 library, whose calls would block the event loop. */

const { modulePath } = workerData as TokenWorkerData;
let operations: TokenOperations | null = null;

/** @throws TokenError `setup` */
function loaded(): TokenOperations {
  if (operations !== null) return operations;
  let library: ReturnType<typeof loadPackage>;
  try {
    library = loadPackage();
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : error;
    throw new TokenError(
      'setup',
      `keys in tokens need the package pkcs11js, which is not installed (${why}). Install it beside upki: npm install pkcs11js (with -g where ` +
        'upki is installed so); it is compiled then, which takes a C++ compiler, make and Python',
    );
  }
  try {
    library.load(modulePath);
  } catch (error) {
    const why = errorMessage(error);
    throw new TokenError('setup', `${modulePath} cannot be loaded as a PKCS #11 library: ${why}`);
  }
  operations = new TokenOperations(library);
  return operations;
}

function answer({ id, call }: TokenRequest): TokenReply {
  try {
    return { id, value: loaded().do(call) };
  } catch (error) {
    const trouble = error instanceof TokenError ? error.trouble : 'absent';
    return { id, trouble, message: errorMessage(error) };
  }
}

parentPort?.on('message', (request: TokenRequest) => parentPort?.postMessage(answer(request)));
