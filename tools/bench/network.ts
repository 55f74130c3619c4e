import { startTestDns } from '../kit/dns-hooks.js';
import { type Responder, startResponder } from './driver/responder.js';
import type { Network } from './servers/target.js';

/** The subscribers' side of a test network: a DNS that answers 127.0.0.1 for every name, and their web server. */
export interface TestNetwork extends Network {
  responder: Responder;
  close(): Promise<void>;
}

/** @param wishedPort the port to answer http-01 on; another port is used if it is not free */
export async function openNetwork(wishedPort: number): Promise<TestNetwork> {
  const dns = await startTestDns();
  const responder = await startResponder(wishedPort).catch(() => startResponder(0));
  return {
    dns: dns.address,
    httpPort: responder.port,
    responder,
    async close() {
      await responder.close();
      await dns.close();
    },
  };
}
