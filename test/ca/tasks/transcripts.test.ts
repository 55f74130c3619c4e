import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Request } from 'zeromq';
import { type ExactJson, parseExactJson } from '../../../src/lib/json.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { firstFromPem } from '../../../src/x509/pem.js';
import { CaWorld } from '../../support/world/ca.js';

interface Exchange {
  note: string;
  request: string;
  response: string;
}
type Envelope = { EVENT: string; DATA?: ExactJson; MSG?: string };
type Members = { [name: string]: ExactJson };
type Transcripts = Record<'port5000' | 'port5001', Exchange[]>;

const transcripts = JSON.parse(
  readFileSync(new URL('../../data/zmq-transcripts.json', import.meta.url), 'utf8'),
) as Transcripts;

/** The seed of the recording; on port 5000 the recording used others, which were accepted. */
const SEED = 'testseed123';

/** What is answered otherwise than recorded, and why; the key begins the recorded error or names the request. */
const DIFFERENT: {
  when: (exchange: Exchange) => boolean;
  why: string;
  now: (answer: Envelope, recorded: Envelope) => void;
}[] = [
  {
    why: 'the words of the JSON reader are its own; what contract programs match is the beginning',
    when: ({ note }) => note === 'malformed JSON' || note === 'JSON, not an object',
    now: ({ MSG }) => expect(MSG).toMatch(/^Invalid JSON: /),
  },
  {
    why: 'the seed is checked on port 5000 too',
    when: ({ request, response }) => request.includes('"TASK":"register"') && response.includes('/CN=node'),
    now: ({ MSG }) => expect(MSG).toBe('[700] Invalid registration seed'),
  },
  {
    why: 'an internal error of the recorded program is now an answer, or a refusal in words',
    when: ({ response }) =>
      /has no attribute '(get|not_valid_before_utc|verify)'|MalformedFraming/.test(response),
    now: ({ EVENT, MSG }) =>
      EVENT === 'ANSWER' ||
      expect(MSG).toMatch(/^\[(200|300)\] (Invalid |Failed to load |Certificate not found)/),
  },
  {
    why: 'a certificate may be named by any form of its DN, and reasons by number',
    when: ({ note, response }) =>
      (note === 'dn forms' || note === 'dn with /CN=' || note === 'bad reason') &&
      !response.includes('missing.example.test') &&
      !response.includes('bogus'),
    now: ({ EVENT }) => expect(EVENT).toBe('ANSWER'),
  },
  {
    why: 'a CSR without common name is certified by its names',
    when: ({ note }) => note === 'CSR without CN',
    now: ({ EVENT }) => expect(EVENT).toBe('ANSWER'),
  },
  {
    why: 'RFC 5280 §5.3.1: only certificateHold can be taken back',
    when: ({ note, request }) => note === 'ok' && request.includes('unrevoke'),
    now: ({ MSG }) => expect(MSG).toBe('[300] Certificate is not on hold: app.example.test'),
  },
  {
    why: 'renew works',
    when: ({ response }) => response.includes('Old certificate has no Common Name'),
    now: ({ EVENT }) => expect(EVENT).toBe('ANSWER'),
  },
  {
    why: 'node1 was not registered, for its seed was wrong',
    when: ({ request }) => request.includes('node1.example.test') && !request.includes('register'),
    now: ({ MSG }) => expect(MSG).toBe('[300] Certificate not found: node1.example.test'),
  },
  {
    why: 'ocsp_check takes a serial too; this one was never issued',
    when: ({ note }) => note === 'by serial (what the RA sends)',
    now: ({ DATA }) => expect(DATA).toMatchObject({ status: 'unknown', serial: 1 }),
  },
  {
    why: 'the list of administrators is current at once',
    when: ({ note, request }) => note === 'one' && request.includes('list_admins'),
    now: ({ DATA }) => expect(DATA).toEqual(['/CN=admin1.example.test']),
  },
  {
    why: 'documented tasks exist',
    when: ({ response }) => /Unknown task: (list_nodes|get_node|acme_)/.test(response),
    now: ({ EVENT, MSG }) => EVENT === 'ANSWER' || expect(MSG).toMatch(/^\[700\] Missing \w+ parameter$/),
  },
  {
    why: 'there is one profile more, short',
    when: ({ note, request }) => note === 'ok' && request.includes('list_profiles'),
    now: ({ DATA }, recorded) =>
      expect(new Set(DATA as string[])).toEqual(new Set([...(recorded.DATA as string[]), 'short'])),
  },
  {
    why: 'profiles: P-256 keys, no invented organisation, the RA’s lasts 180 days, certTypes tell what the certificate is, empty members are left out',
    when: ({ note, request }) => note === 'ok' && request.includes('get_profile'),
    now: ({ DATA }, recorded) => {
      const { digest, altnames, keyUsage, extendedKeyUsage } = recorded.DATA as Members;
      expect(DATA).toMatchObject({
        keyType: 'ec',
        keyLen: 256,
        digest,
        altnames,
        keyUsage,
        extendedKeyUsage,
      });
      expect(DATA).toMatchObject({ duration: expect.any(Number), certType: expect.any(String) });
      const { OU } = (recorded.DATA as Members).subject as Members;
      expect((DATA as Members).subject).toMatchObject({ OU });
    },
  },
];

describe('the recorded exchanges of the Python programs, replayed in clear mode by a REQ peer', () => {
  const world = new CaWorld({ mode: 'clear', seed: SEED });
  beforeAll(() => world.start());
  afterAll(() => world.close());

  async function replay(exchanges: Exchange[], port: number | null): Promise<void> {
    const peer = new Request({ linger: 0, receiveTimeout: 20_000 });
    peer.connect(`tcp://127.0.0.1:${port}`);
    try {
      for (const exchange of exchanges) {
        await peer.send(exchange.request);
        const [reply] = await peer.receive();
        compare(exchange, parseExactJson(Buffer.from(String(reply)), 'the reply') as Envelope);
      }
    } finally {
      peer.close();
    }
  }

  const answered = { alike: 0, different: new Set<string>() };

  function compare(exchange: Exchange, answer: Envelope): void {
    const what = `${exchange.note}: ${exchange.request.slice(0, 200)}`;
    const different = DIFFERENT.find(({ when }) => when(exchange));
    if (different !== undefined) {
      answered.different.add(different.why);
      different.now(answer, parseExactJson(Buffer.from(exchange.response), 'the response') as Envelope);
      return;
    }
    answered.alike++;
    const recorded = parseExactJson(Buffer.from(exchange.response), 'the response') as Envelope;
    if (recorded.EVENT === 'UPKI ERROR') {
      expect({ EVENT: answer.EVENT, MSG: answer.MSG }, what).toEqual(recorded);
    } else {
      expect(answer, what).toMatchObject({ EVENT: 'ANSWER' });
      expect(shape(answer.DATA), what).toEqual(expect.objectContaining(shape(recorded.DATA)));
      sameCertificateNames(recorded.DATA, answer.DATA, what);
    }
  }

  it('are answered alike on port 5000, but for reasoned differences', { timeout: 120_000 }, async () => {
    await replay(transcripts.port5000, world.running.operationsPort);
  });

  it('are answered alike on port 5001, but for reasoned differences', { timeout: 120_000 }, async () => {
    await replay(transcripts.port5001, world.running.registrationPort);
  });

  it('differ for no reason that has ceased to be, and mostly not at all', () => {
    expect([...answered.different].sort()).toEqual(DIFFERENT.map(({ why }) => why).sort());
    const all = transcripts.port5000.length + transcripts.port5001.length;
    expect(answered.alike).toBeGreaterThan(all / 2);
  });
});

/** Members and their types; a value that is fixed by the contract stands for itself. */
function shape(data: ExactJson | undefined): Record<string, unknown> {
  if (Array.isArray(data)) return { value: data };
  if (typeof data !== 'object' || data === null)
    return { value: typeof data === 'boolean' ? data : typeof data };
  const kind = (name: string, value: ExactJson) =>
    typeof value === 'object' && value !== null
      ? shape(value)
      : /^(dn|profile|status)$/.test(name)
        ? value
        : typeof value;
  return Object.fromEntries(Object.entries(data).map(([name, value]) => [name, kind(name, value)]));
}

function sameCertificateNames(
  recorded: ExactJson | undefined,
  answer: ExactJson | undefined,
  what: string,
): void {
  const cnOf = (data: ExactJson | undefined) => {
    const pem = (data as { certificate?: string } | null)?.certificate;
    return typeof pem === 'string'
      ? parseCertificate(firstFromPem('CERTIFICATE', pem)).commonName?.toLowerCase()
      : undefined;
  };
  expect(cnOf(answer), what).toBe(cnOf(recorded));
}
