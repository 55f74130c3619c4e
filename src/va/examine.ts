import { newAttempt } from './attempt.js';
import { type CaaOptions, forbidden, levelsOf } from './caa.js';
import { Deadline } from './deadline.js';
import type { Dialer } from './dialer.js';
import type { Resolver } from './dns/resolver.js';
import { ValidationFailure } from './failure.js';
import { validateHttp01 } from './http-01.js';
import { validateTlsAlpn01 } from './tls-alpn-01.js';
import type { Observation, ValidationRequest } from './types.js';

interface ExaminerOptions {
  /** Each resolver that validations query, by its address. */
  resolvers: readonly { name: string; resolver: Resolver }[];
  resolver: Resolver;
  dialer: Dialer;
  http: { port: number; tlsPort: number; userAgent: string };
  caa: CaaOptions;
  timeout: number;
  now(): number;
}

type Name = Pick<ValidationRequest, 'identifier' | 'wildcard'>;

/** There is no challenge response. The examination shows how far a validation gets. */
const NO_ANSWER = {
  token: 'upki-check-0000000000000000',
  keyAuthorization: 'upki-check',
  accountUris: async () => [],
};

/** Examines a name with the code of its validation and reports every step. */
export async function examine(name: Name, options: ExaminerOptions): Promise<Observation[]> {
  const deadline = new Deadline(options.timeout);
  try {
    const overDns =
      name.identifier.type === 'ip'
        ? []
        : [resolved, permitted, recorded].map((step) => step(name, options, deadline));
    const steps = [
      ...overDns,
      ...(name.wildcard
        ? []
        : (['http-01', 'tls-alpn-01'] as const).map((type) => reached(type, name, options, deadline))),
    ];
    return (await Promise.all(steps)).flat();
  } finally {
    deadline.release();
  }
}

async function resolved(
  { identifier }: Name,
  { resolvers }: ExaminerOptions,
  deadline: Deadline,
): Promise<Observation[]> {
  return Promise.all(
    resolvers.map(async ({ name, resolver }): Promise<Observation> => {
      const found = await answerOf(resolver.addresses(identifier.value, deadline));
      const outcome = found.failure ?? found.value.join(', ');
      return { step: 'resolver', target: name, outcome, ok: found.failure === null };
    }),
  );
}

/** RFC 8659 §3: every level, the name itself first. */
async function permitted(
  name: Name,
  { resolver, caa }: ExaminerOptions,
  deadline: Deadline,
): Promise<Observation[]> {
  const { identifier, wildcard } = name;
  if (caa.mode === 'off') return [];
  let decided = false;
  const sets = await Promise.all(
    levelsOf(identifier.value).map(async (level) => ({
      level,
      answer: await answerOf(resolver.caa(level, deadline)),
    })),
  );
  return sets.map(({ level, answer: { value: records, failure } }): Observation => {
    if (failure !== null) {
      return { step: 'caa', target: level, outcome: failure, ok: decided || caa.mode === 'lenient' };
    }
    if (records.length === 0) return { step: 'caa', target: level, outcome: 'no CAA records', ok: true };
    const shown = records.map(({ tag, value }) => `${tag} "${value}"`).join(', ');
    const why = decided
      ? null
      : forbidden(records, { wildcard, type: null, accountUris: [] }, caa.identities);
    decided = true;
    return {
      step: 'caa',
      target: level,
      outcome: why === null ? shown : `${shown}: ${why}`,
      ok: why === null,
    };
  });
}

type Answer<T> = { value: T; failure: null } | { value: null; failure: string };

/** The answer, or why there is none. */
async function answerOf<T>(answer: Promise<T>): Promise<Answer<T>> {
  try {
    return { value: await answer, failure: null };
  } catch (error) {
    return { value: null, failure: detailOf(error) };
  }
}

/** dns-01: whether the record can be looked up. It is usually absent: a client adds it only for an order. */
async function recorded(
  { identifier }: Name,
  { resolver }: ExaminerOptions,
  deadline: Deadline,
): Promise<Observation[]> {
  const target = `_acme-challenge.${identifier.value}`;
  const { value: found, failure } = await answerOf(resolver.txt(target, deadline));
  const seen = found?.length ? `${found.length} TXT records now` : 'can be asked for; no TXT record now';
  return [{ step: 'dns-01', target, outcome: failure ?? seen, ok: failure === null }];
}

/**
 * Addresses dialed or refused, redirects, and the end of the path. A server that answers without the token
 * counts as reached.
 */
async function reached(
  type: 'http-01' | 'tls-alpn-01',
  name: Name,
  { dialer, http, now }: ExaminerOptions,
  deadline: Deadline,
): Promise<Observation[]> {
  const attempt = newAttempt(deadline, now);
  const request: ValidationRequest = { ...name, ...NO_ANSWER, type };
  let failure: unknown = null;
  try {
    if (type === 'http-01') await validateHttp01(request, dialer, http, attempt);
    else await validateTlsAlpn01(request, dialer, http.tlsPort, attempt);
  } catch (error) {
    failure = error;
  }
  const isReached = failure === null || (failure instanceof ValidationFailure && ANSWERED.has(failure.type));
  const dialed = attempt.records.map(
    ({ target, outcome, milliseconds }): Observation => ({
      step: type,
      target,
      outcome: `${outcome} (${milliseconds} ms)`,
      ok: isReached,
    }),
  );
  if (failure === null) return dialed;
  return [
    ...dialed,
    { step: type, target: name.identifier.value, outcome: detailOf(failure), ok: isReached },
  ];
}

/** Failures after which a server has answered, but without the response that a client would have provided. */
const ANSWERED = new Set(['unauthorized', 'incorrectResponse', 'tls']);

function detailOf(error: unknown): string {
  return error instanceof ValidationFailure ? error.detail : 'could not be carried out';
}
