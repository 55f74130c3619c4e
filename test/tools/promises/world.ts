import { createPublicKey } from 'node:crypto';
import type { OrderBody } from '../../../tools/kit/acme-bodies.js';
import { createCsr } from '../../../tools/kit/csr.js';
import { generateSigningKey } from '../../../tools/kit/jws-signer.js';
import { createTestPki } from '../../../tools/kit/test-pki.js';
import { Ledger } from '../../../tools/promises/ledger.js';
import type { OrderPlan, PromisedOrder } from '../../../tools/promises/promised-order.js';

const BASE = 'https://ra.test/acme';
const pki = createTestPki();

/** A ledger with one account, and orders as a server would have promised them. */
export function promised() {
  const ledger = new Ledger();
  const key = generateSigningKey();
  const account = ledger.openAccount(`${BASE}/account/a1`, key, ['mailto:a@crash.test']);
  let count = 0;
  const order = (plan: Partial<OrderPlan> = {}): PromisedOrder => {
    const id = `o${++count}`;
    const whole: OrderPlan = {
      names: [`${id}.crash.test`],
      challenge: 'http-01',
      conduct: 'prompt',
      ...plan,
    };
    return ledger.openOrder(account, `${BASE}/order/${id}`, body(id, whole.names), whole);
  };
  /** An order up to its downloaded certificate. */
  const certified = (): { order: PromisedOrder; chain: string } => {
    const made = order();
    const { csr, key: certificateKey, chain } = certificate(made.plan.names);
    made.requests.push({ csr, key: certificateKey });
    made.saw(answered(made, 'valid'));
    ledger.sawChain(made, chain);
    return { order: made, chain };
  };
  return { ledger, key, account, order, certified, found: () => ledger.findings.map(({ fault }) => fault) };
}

function body(id: string, names: readonly string[]): OrderBody {
  return {
    status: 'pending',
    identifiers: names.map((value) => ({ type: 'dns', value })),
    authorizations: names.map((_, index) => `${BASE}/authz/${id}-${index}`),
    finalize: `${BASE}/order/${id}/finalize`,
    profile: 'server',
  };
}

/** What the server says of the order when it has this status. */
export function answered(order: PromisedOrder, status: OrderBody['status']): OrderBody {
  const { certificate: _, ...same } = order.body;
  const certificate = order.url.replace('/order/', '/cert/');
  return { ...same, status, ...(status === 'valid' && { certificate }) };
}

/** A chain for a fresh key; `names` are in the certificate. */
export function certificate(names: readonly string[]) {
  const { der: csr, key } = createCsr(names);
  return { csr, key, chain: pki.certify(createPublicKey(key), { names }) + pki.root };
}
