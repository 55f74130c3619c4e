import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerer } from '../../src/channel/dispatch.js';
import {
  BadRequest,
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeAnswerWithOctets,
  encodeRequest,
} from '../../src/channel/envelope.js';
import { ChannelRefused, TaskError } from '../../src/channel/errors.js';
import { serialFromHex, serialToHex } from '../../src/channel/serial.js';
import { operations } from '../../src/channel/tasks/index.js';
import { JsonError } from '../../src/lib/json.js';

/** Values whose integers a double holds exactly: bigger ones come back as bigints, see json.test.ts. */
const jsonValue = fc.jsonValue().filter((value) => !/\d{16}/.test(JSON.stringify(value)));

const bytes = (text: string) => new TextEncoder().encode(text);

const anyBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.string({ unit: 'binary' }).map(bytes),
  fc.json().map(bytes),
  fc
    .record({
      TASK: fc.oneof(fc.constantFrom(...Object.keys(operations)), fc.jsonValue()),
      params: fc.jsonValue(),
    })
    .map((request) => bytes(JSON.stringify(request))),
  fc
    .record({
      EVENT: fc.constantFrom('ANSWER', 'UPKI ERROR', 'other'),
      DATA: fc.jsonValue(),
      MSG: fc.jsonValue(),
      KIND: fc.jsonValue(),
    })
    .map((answer) => bytes(JSON.stringify(answer))),
);

describe('the envelope', () => {
  it('reads any request bytes or throws its own errors', () => {
    fc.assert(
      fc.property(anyBytes, (input) => {
        try {
          expect(typeof decodeRequest(input).task).toBe('string');
        } catch (error) {
          expect(error instanceof BadRequest || error instanceof TaskError).toBe(true);
        }
      }),
    );
  });

  it('reads any answer bytes or throws its own errors', () => {
    fc.assert(
      fc.property(anyBytes, fc.option(fc.uint8Array(), { nil: undefined }), (input, octets) => {
        try {
          decodeAnswer(input, octets);
        } catch (error) {
          expect(error instanceof ChannelRefused || error instanceof JsonError).toBe(true);
        }
      }),
    );
  });

  it('transfers any task and params, and any data of the answer', () => {
    fc.assert(
      fc.property(fc.string(), fc.dictionary(fc.string(), jsonValue), (task, params) => {
        const plain = JSON.parse(JSON.stringify(params));
        expect(decodeRequest(bytes(encodeRequest(task, params)))).toEqual({ task, params: plain });
        expect(decodeAnswer(bytes(encodeAnswer(params)))).toEqual(plain);
      }),
    );
  });

  it('does not read an answer whose octets are missing', () => {
    const [text] = encodeAnswerWithOctets({ part: new Uint8Array([1]) });
    expect(() => decodeAnswer(bytes(String(text)))).toThrow(JsonError);
  });

  it('splits an error into code and message, and keeps a message without a code', () => {
    const answer = (MSG: string) => {
      try {
        return decodeAnswer(bytes(JSON.stringify({ EVENT: 'UPKI ERROR', MSG })));
      } catch (error) {
        return error;
      }
    };
    expect(answer('[300] Certificate not found: x')).toMatchObject({
      code: 300,
      message: 'Certificate not found: x',
      kind: 'notFound',
    });
    expect(answer("'list' object has no attribute 'get'")).toMatchObject({ code: null, kind: 'other' });
  });
});

describe('the dispatcher', () => {
  const failures: unknown[] = [];
  const handlers = Object.fromEntries(
    Object.keys(operations).map((name) => [name, () => Promise.reject(new Error(`secret of ${name}`))]),
  );
  const answer = answerer(operations, handlers as never, (error) => failures.push(error));

  it('answers any bytes with an answer or an error, and never reveals an internal error', async () => {
    await fc.assert(
      fc.asyncProperty(anyBytes, async (input) => {
        const text = String(await answer(input, 'c1'));
        expect(['ANSWER', 'UPKI ERROR']).toContain(JSON.parse(text).EVENT);
        expect(text).not.toContain('secret of');
      }),
    );
  });

  it.each([
    ['{"TASK":"nope","params":{}}', '[700] Unknown task: nope'],
    ['{}', '[700] Unknown task: '],
    ['{"TASK":"constructor"}', '[700] Unknown task: constructor'],
    ['{"TASK":"get_profile","params":{}}', '[700] Missing profile parameter'],
    ['{"TASK":"register","params":{"seed":"s"}}', '[700] Missing cn parameter'],
    ['{"TASK":"register","params":{"cn":"x"}}', '[700] Missing seed parameter'],
    ['{"TASK":"get_profile","params":[]}', '[700] Invalid params: expected an object'],
    [
      '{"TASK":"get_profile","params":{"profile":"../x"}}',
      '[200] Invalid profile parameter: expected letters, digits, - and _',
    ],
    ['[]', 'Invalid JSON: expected an object'],
  ])('answers %s with %s', async (request, message) => {
    expect(JSON.parse(String(await answer(bytes(request), 'c1'))).MSG).toBe(message);
  });

  it('answers text that is not JSON with the message of the contract', async () => {
    expect(JSON.parse(String(await answer(bytes('not json'), 'c1'))).MSG).toMatch(/^Invalid JSON: /);
    expect(JSON.parse(String(await answer(new Uint8Array([0x22, 0xff, 0x22]), 'c1'))).MSG).toBe(
      'Invalid JSON: the request is not UTF-8',
    );
  });
});

describe('serial numbers', () => {
  it('are hex inside and integers outside, both exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: (1n << 160n) - 1n }), (serial) => {
        const hex = serialToHex(serial) ?? '';
        expect(hex).toMatch(/^([0-9a-f]{2}){1,20}$/);
        expect(serialFromHex(hex)).toBe(serial);
      }),
    );
  });

  it.each([0n, -1n, 1n << 160n, 1.5, 2 ** 53, Number.NaN])('refuses %s', (value) => {
    expect(serialToHex(value)).toBeNull();
  });
});
