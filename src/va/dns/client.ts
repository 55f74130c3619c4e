import { monotonic } from '../../lib/monotonic.js';
import { randomOctets } from '../../lib/random.js';
import { Deadline } from '../deadline.js';
import { ServerHabits } from './habits.js';
import { Liveness } from './liveness.js';
import { DnsError, type DnsMessage, type Question, type RecordType, UDP_PAYLOAD } from './message.js';
import { type DnsServer, label } from './server.js';
import { SharedQuestions } from './shared-questions.js';
import { askOverTcp } from './tcp.js';
import { PortGivenUp, UdpQueries } from './udp.js';

/** No server answered; the message has the failure of each. */
export class DnsUnreachable extends Error {
  override readonly name = 'DnsUnreachable';
}

/** Time in ms after which the next server is queried in parallel. */
const NEXT_AFTER = 2_000;
/** Longest wait for the last server, in ms. */
const LAST_WAIT = 4_000;
/** RFC 1035 §4.2.1 advises to try all servers before a server is queried again. */
const ROUNDS = 2;
/** Longest duration of a TCP exchange, in ms. */
const TCP_WAIT = 2_000;
/**
 * RFC 6891 §6.2.5: a size that most servers accept. Its fragments get lost on some paths, so it is used only
 * when TCP gets no answer.
 */
const LARGE_PAYLOAD = 4096;
/** Source ports abandoned in one exchange before it moves to TCP, where answers cannot be forged. */
const MOST_PORTS = 3;

const RCODE = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 } as const;
/** Response codes after which another server, or another form of the query, may succeed. */
const FAILURES: readonly number[] = [RCODE.formErr, RCODE.servFail, RCODE.notImp, RCODE.refused];

interface DnsClientOptions {
  /** Called for each question; the servers are queried in this order. */
  servers(): DnsServer[];
  now?(): number;
  /** Called when the servers stop answering, and when one answers again. */
  onSilence?(isSilent: boolean): void;
}

/**
 * Queries recursive resolvers over UDP, and over TCP when the answer does not fit (RFC 1035 §4.2, RFC 7766).
 * Equal outstanding questions are sent once. The case of a name is randomised (draft-vixie-dnsext-dns0x20)
 * where the server preserves it, and EDNS is used where it is supported (RFC 6891 §6.2.2).
 */
export class DnsClient {
  readonly #servers: () => DnsServer[];
  readonly #liveness: Liveness;
  readonly #udp = new UdpQueries(() => this.#liveness.heard());
  readonly #habits: ServerHabits;
  readonly #shared = new SharedQuestions<DnsMessage>();

  constructor({ servers, now = monotonic, onSilence }: DnsClientOptions) {
    this.#liveness = new Liveness((wait) => this.#askNeutral(wait), onSilence);
    this.#servers = servers;
    this.#habits = new ServerHabits(now);
  }

  /** True when no server answered recently, not even a question that every server answers. */
  get isSilent(): boolean {
    return this.#liveness.isSilent;
  }

  /** Checks in the background whether any server answers. */
  probe(): void {
    this.#liveness.probe();
  }

  stop(): void {
    this.#liveness.stop();
  }

  /** The first answer that is not a server failure. @throws DnsUnreachable */
  query(name: string, type: RecordType, deadline: Deadline): Promise<DnsMessage> {
    const failures: string[] = [];
    return this.#shared.ask(`${type} ${name.toLowerCase()}`, deadline, {
      start: (limit) => this.#query(name, type, limit, failures),
      late: () => new DnsUnreachable(['timed out: the validation ran out of time', ...failures].join('; ')),
    });
  }

  /** Queries one server after another, then all once more in the plainest form. Answers to earlier queries are still accepted. */
  #query(name: string, type: RecordType, limit: Deadline, failures: string[]): Promise<DnsMessage> {
    const servers = this.#servers();
    const tries = Array.from({ length: ROUNDS }, (_, round) =>
      servers.map((server) => ({ server, plain: round > 0 })),
    ).flat();
    const all = new Deadline(NEXT_AFTER * (tries.length - 1) + LAST_WAIT, limit);
    let under = 0;
    let timer: NodeJS.Timeout | undefined;
    return new Promise<DnsMessage>((resolve, reject) => {
      const next = () => {
        clearTimeout(timer);
        const attempt = all.isOver ? undefined : tries.shift();
        if (!attempt) {
          if (under === 0) reject(unreachable(failures));
          return;
        }
        const fail = (why: string) => {
          under -= 1;
          failures.push(`${label(attempt.server)}: ${why}`);
          next();
        };
        under += 1;
        timer = setTimeout(next, NEXT_AFTER);
        this.#exchange(attempt.server, { name, type }, attempt.plain, all).then(
          (answer) => {
            if (FAILURES.includes(answer.rcode)) fail(rcodeName(answer.rcode));
            else if (answer.isReferral) fail('refers to other servers');
            else resolve(answer);
          },
          (error) => fail(error instanceof DnsError ? error.message : whyUnreachable(error)),
        );
      };
      next();
    }).finally(() => {
      clearTimeout(timer);
      all.release();
      // Cancels the other attempts.
      all.end();
    });
  }

  /** The answer of one server. The query is repeated in another form if the server seems not to support the first. */
  async #exchange(
    server: DnsServer,
    { name, type }: { name: string; type: RecordType },
    plain: boolean,
    deadline: Deadline,
  ): Promise<DnsMessage> {
    const lower: Question = { name: name.toLowerCase(), type, udpPayload: null };
    if (plain) {
      const answer = await this.#send(server, lower, deadline);
      this.#learnFromPlain(server, answer);
      return answer;
    }
    const question: Question = {
      name: this.#habits.letters(server) === 'broken' ? lower.name : mixedCase(name),
      type,
      udpPayload: this.#habits.takesEdns(server) ? UDP_PAYLOAD : null,
    };
    const isMixed = question.name !== lower.name;
    const answer = await this.#send(server, question, deadline);
    if (question.udpPayload !== null && (answer.rcode === RCODE.formErr || answer.rcode === RCODE.notImp)) {
      const again = await this.#send(server, lower, deadline);
      if (!FAILURES.includes(again.rcode)) this.#habits.learn(server, { takesEdns: false });
      return again;
    }
    if (!isMixed) return answer;
    // Another answer may have changed this meanwhile.
    const letters = this.#habits.letters(server);
    const inSameLetters = answer.question === null || answer.question.asWritten === question.name;
    if (inSameLetters && answer.answers.length > 0) {
      if (letters !== 'kept') this.#habits.learn(server, { letters: 'kept' });
      return answer;
    }
    // The server found nothing and may mishandle capitals, so the query is repeated in lower case. Not if the server is known to
    // handle capitals and most names have no such record.
    const isSure = letters !== 'unknown' && letters !== 'broken' && (type === 'CAA' || type === 'AAAA');
    if (inSameLetters && (isSure || FAILURES.includes(answer.rcode))) return answer;
    const again = await this.#send(server, { ...question, name: lower.name }, deadline);
    const isSame = again.rcode === answer.rcode && again.answers.length === answer.answers.length;
    // The owner of a zone can make its two answers differ, which must not end the mixing for a server that keeps capitals.
    if (!inSameLetters || (!isSame && letters !== 'kept')) this.#habits.learn(server, { letters: 'broken' });
    else if (letters === 'unknown') this.#habits.learn(server, { letters: 'presumed' });
    return again;
  }

  /** A server that answered only the plainest form is queried in that form from now on. */
  #learnFromPlain(server: DnsServer, answer: DnsMessage): void {
    if (FAILURES.includes(answer.rcode) || answer.isReferral || this.#habits.letters(server) === 'kept')
      return;
    this.#habits.learn(server, { letters: 'broken', takesEdns: false });
  }

  /** One query over UDP, or over TCP where UDP does not do. */
  async #send(server: DnsServer, question: Question, deadline: Deadline): Promise<DnsMessage> {
    for (let ports = 0; ports < MOST_PORTS && !server.overTcp; ports += 1) {
      try {
        this.#liveness.asked();
        const answer = await this.#udp.ask(server, question, { deadline, timeout: LONGEST });
        return answer.truncated ? await this.#whole(server, question, deadline) : answer;
      } catch (error) {
        if (!(error instanceof PortGivenUp)) throw error;
      }
    }
    this.#liveness.asked();
    return this.#overTcp(server, question, deadline);
  }

  /** The whole answer: over TCP, or from a server without TCP in a large packet (RFC 6891 §6.2.5). */
  async #whole(server: DnsServer, question: Question, deadline: Deadline): Promise<DnsMessage> {
    try {
      return await this.#overTcp(server, question, deadline);
    } catch (error) {
      const larger = { ...question, udpPayload: LARGE_PAYLOAD };
      const answer = await this.#udp.ask(server, larger, { deadline, timeout: TCP_WAIT });
      if (!answer.truncated) return answer;
      throw new DnsError(`the answer is truncated, and over TCP: ${whyUnreachable(error)}`);
    }
  }

  async #overTcp(server: DnsServer, question: Question, deadline: Deadline): Promise<DnsMessage> {
    const limit = new Deadline(TCP_WAIT, deadline);
    try {
      const answer = await askOverTcp(server, question, limit);
      this.#liveness.heard();
      return answer;
    } finally {
      limit.release();
    }
  }

  /** Queries the name servers of the root, which every resolver answers. */
  async #askNeutral(wait: number): Promise<void> {
    const deadline = new Deadline(wait);
    const question: Question = { name: '', type: 'NS', udpPayload: null };
    try {
      await Promise.any(
        this.#servers().map((server) =>
          server.overTcp
            ? this.#overTcp(server, question, deadline)
            : this.#udp.ask(server, question, { deadline, timeout: wait }),
        ),
      );
    } finally {
      deadline.release();
    }
  }
}

/** A safety limit, in ms: the deadline of the query ends it earlier. */
const LONGEST = 60_000;

function unreachable(failures: string[]): DnsUnreachable {
  return new DnsUnreachable([...new Set(failures)].join('; ') || 'no DNS server is configured');
}

/** Why a server did not answer, in words. */
function whyUnreachable(error: unknown): string {
  if (error instanceof DnsError) return error.message;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'address unreachable';
  return `cannot be asked (${code ?? 'unknown reason'})`;
}

/** Randomises the case of each letter: an answer must repeat it, so a forger must guess it too. */
function mixedCase(name: string): string {
  const bits = randomOctets(Math.ceil(name.length / 8));
  let mixed = '';
  for (let index = 0; index < name.length; index += 1) {
    const letter = name.charAt(index);
    mixed += ((bits[index >> 3] ?? 0) >> (index & 7)) & 1 ? letter.toUpperCase() : letter.toLowerCase();
  }
  return mixed;
}

/** RFC 6895 §2.3 */
export function rcodeName(rcode: number): string {
  return ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'][rcode] ?? `rcode ${rcode}`;
}
