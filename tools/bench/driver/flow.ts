import { setTimeout as pause } from 'node:timers/promises';
import type { Account } from './account.js';
import type { Answer } from './connection.js';
import type { CsrMaker } from './csr-maker.js';
import type { Responder } from './responder.js';

/** The steps of one certificate, in order (RFC 8555 §7.1, Figure 1). */
export const STEPS = [
  'order',
  'authorization',
  'challenge',
  'validated',
  'finalize',
  'issued',
  'download',
] as const;
export type Step = (typeof STEPS)[number];
/** Milliseconds that a step took, including polling. */
export type StepTimes = Record<Step, number>;

/** A wrong state or response: an order that failed, a response without a required member. */
export class FlowFailed extends Error {}

/**
 * Milliseconds between polls; the last repeats. The same for every server, whatever its
 * Retry-After: whole seconds would measure the client's waiting.
 */
const PAUSES = [10, 20, 40, 80, 100];
/** About 20 s. */
const MOST_LOOKS = 200;

interface Order {
  status: string;
  authorizations: string[];
  finalize: string;
  certificate?: string;
}
interface Challenge {
  type: string;
  url: string;
  token: string;
  status: string;
}
interface Authorization {
  status: string;
  challenges: Challenge[];
}

/** One certificate for one name, from order to download, with http-01. @throws Refused, FlowFailed */
export async function issue(...args: FlowArguments): Promise<StepTimes> {
  return (await run(...args)).times;
}

/** The same, for the certificate: PEM, leaf first. */
export async function certificateOf(...args: FlowArguments): Promise<string> {
  return (await run(...args)).chain;
}

type FlowArguments = [account: Account, name: string, csrs: CsrMaker, responder: Responder];

async function run(
  ...[account, name, csrs, responder]: FlowArguments
): Promise<{ times: StepTimes; chain: string }> {
  const times = {} as StepTimes;
  let began = performance.now();
  const done = (step: Step) => {
    const now = performance.now();
    times[step] = now - began;
    began = now;
  };

  const ordered = await account.newOrder(name);
  const order = json<Order>(ordered);
  const [authorizationUrl] = order.authorizations;
  if (!authorizationUrl) throw new FlowFailed('the order has no authorization');
  done('order');

  const authorization = json<Authorization>(await account.read(authorizationUrl));
  const challenge = authorization.challenges.find(({ type }) => type === 'http-01');
  if (!challenge) throw new FlowFailed('the authorization has no http-01 challenge');
  done('authorization');

  responder.set(challenge.token, `${challenge.token}.${account.key.thumbprint}`);
  const answered = json<Challenge>(await account.post(challenge.url, {}));
  done('challenge');

  // Every client reads the authorization once, whatever the challenge says.
  const validated = await until<Authorization>(
    account,
    authorizationUrl,
    answered.status === 'valid' ? 0 : 1,
    'pending',
    'processing',
  );
  if (validated.status !== 'valid') throw new FlowFailed(`the authorization is ${validated.status}`);
  responder.delete(challenge.token);
  done('validated');

  let final = json<Order>(await account.post(order.finalize, { csr: csrs.make(name) }));
  done('finalize');
  if (final.status !== 'valid') {
    const orderUrl = ordered.headers.get('location') ?? '';
    final = await until<Order>(account, orderUrl, 1, 'processing', 'ready', 'pending');
  }
  if (!final.certificate) throw new FlowFailed(`the order is ${final.status}, without a certificate`);
  done('issued');

  const chain = (await account.read(final.certificate)).body;
  if (!chain.includes('-----END CERTIFICATE-----')) throw new FlowFailed('the download is no certificate');
  done('download');
  return { times, chain: chain.toString() };
}

/** Reads a resource until its status is none of these; with `skip` 0 it reads at once. */
async function until<T extends { status: string }>(
  account: Account,
  url: string,
  skip: number,
  ...unfinished: string[]
): Promise<T> {
  for (let look = skip; ; look += 1) {
    if (look > 0) await pause(PAUSES[Math.min(look, PAUSES.length) - 1]);
    const found = json<T>(await account.read(url));
    if (!unfinished.includes(found.status)) return found;
    if (look === MOST_LOOKS) throw new FlowFailed(`${found.status} for too long`);
  }
}

function json<T>({ body }: Answer): T {
  return JSON.parse(body.toString()) as T;
}
