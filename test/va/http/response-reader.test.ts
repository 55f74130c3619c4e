import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HttpError, MAX_BODY, ResponseReader } from '../../../src/va/http/response-reader.js';

/** What comes of an answer that arrives in these pieces and ends with the connection. */
function read(
  pieces: readonly (string | Buffer)[],
): { status: number; location: string | null; body: string } | string {
  const reader = new ResponseReader();
  try {
    let done = false;
    for (const piece of pieces) done ||= reader.push(Buffer.from(piece as string, 'latin1'));
    if (!done) reader.end();
    return { status: reader.status, location: reader.location, body: reader.body.toString('latin1') };
  } catch (error) {
    expect(error).toBeInstanceOf(HttpError);
    return (error as Error).message;
  }
}

const OK = { status: 200, location: null, body: 'token.thumbprint' };

describe('HTTP responses of devices (RFC 9112)', () => {
  it.each([
    ['CRLF and a length', 'HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\ntoken.thumbprint'],
    ['§2.2: LF alone', 'HTTP/1.0 200 OK\n\ntoken.thumbprint'],
    ['§2.2: LF alone, with fields', 'HTTP/1.0 200 OK\nServer: x\nContent-Length: 16\n\ntoken.thumbprint'],
    [
      'CRLF line ends and one LF (§2.2)',
      'HTTP/1.1 200 OK\r\nServer: x\nContent-Length: 16\r\n\r\ntoken.thumbprint',
    ],
    [
      'the same length twice (RFC 9110 §8.6)',
      'HTTP/1.1 200 OK\r\nContent-Length: 16\r\nContent-Length: 016\r\n\r\ntoken.thumbprint',
    ],
    [
      'the same length as a list (RFC 9110 §8.6)',
      'HTTP/1.1 200 OK\r\nContent-Length: 16, 16\r\n\r\ntoken.thumbprint',
    ],
    [
      'a blank before the colon (§5.1)',
      'HTTP/1.1 200 OK\r\nServer : x\r\nContent-Length\t: 16\r\n\r\ntoken.thumbprintX',
    ],
    [
      'a folded field (§5.2)',
      'HTTP/1.1 200 OK\r\nServer: a\r\n b\r\n\tc\r\nContent-Length:\r\n 16\r\n\r\ntoken.thumbprintX',
    ],
    [
      'a folded line without a field before it',
      'HTTP/1.1 200 OK\r\n b\r\nContent-Length: 16\r\n\r\ntoken.thumbprintX',
    ],
    ['no reason phrase', 'HTTP/1.1 200\r\n\r\ntoken.thumbprint'],
    ['two blanks and no reason phrase', 'HTTP/1.0  200 \r\n\r\ntoken.thumbprint'],
    ['empty lines before the status line', '\r\n\nHTTP/1.1 200 OK\r\n\r\ntoken.thumbprint'],
    [
      'a header line that is not a field',
      'HTTP/1.1 200 OK\r\nwhat is this\r\nContent-Length: 16\r\n\r\ntoken.thumbprintX',
    ],
    ['field names in mixed case', 'HTTP/1.1 200 OK\r\ncONTENT-lENGTH: 16\r\n\r\ntoken.thumbprintX'],
    [
      'interim responses before the final one',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\ntoken.thumbprint',
    ],
    [
      'a chunked body (§7.1)',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntoken\r\n0B;x="y"\r\n.thumbprint\r\n0\r\nT: x\r\n\r\n',
    ],
    [
      'chunks that end with LF alone',
      'HTTP/1.1 200 OK\ntransfer-encoding:Chunked\n\n10 \ntoken.thumbprint\n0\n',
    ],
    [
      'chunk lengths padded with zeros',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000010\r\ntoken.thumbprint\r\n0000000000000000\r\n\r\n',
    ],
    [
      'chunks and a length (§6.3)',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n10\r\ntoken.thumbprint\r\n0\r\n\r\n',
    ],
    [
      'the identity transfer coding',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\ntoken.thumbprint',
    ],
  ])('are read with %s', (_, text) => {
    expect(read([text])).toEqual(OK);
    expect(read([...text])).toEqual(OK);
  });

  it.each([
    [
      'different lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 16\r\nContent-Length: 17\r\n\r\ntoken.thumbprint',
      'different lengths',
    ],
    [
      'different lengths in a list',
      'HTTP/1.1 200 OK\r\nContent-Length: 16, 17\r\n\r\ntoken.thumbprint',
      'different lengths',
    ],
    [
      'a length that is not a number',
      'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\ntoken.thumbprint',
      'no number',
    ],
    ['an empty length', 'HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\ntoken.thumbprint', 'no number'],
    [
      'a body that is too short',
      'HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\ntoken.thumbprint',
      'before the end',
    ],
    [
      'chunks without a last chunk',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\ntoken.thumbprint\r\n',
      'before the end',
    ],
    [
      'a chunk longer than its length',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntoken.thumbprint\r\n0\r\n\r\n',
      'longer than it said',
    ],
    [
      'a chunk without a length',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n',
      'without its length',
    ],
    [
      'a chunk whose length has too many digits',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'0'.repeat(16)}5\r\ntoken\r\n0\r\n\r\n`,
      'without its length',
    ],
    [
      'a transfer coding other than chunked',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
      'not understood',
    ],
    ['another protocol', 'SSH-2.0-OpenSSH\r\n', 'did not answer in HTTP'],
    ['HTTP/0.9', 'token.thumbprint\n', 'did not answer in HTTP'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', 'another protocol'],
    ['no octets', '', 'without an answer'],
    ['half a status line', 'HTTP/1.1 20', 'before the end'],
    ['an endless header', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(5_000)}`, 'bytes of header'],
    ['an endless line', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(20_000)}`, 'bytes of header'],
    ['endless interim responses', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(5_000), 'bytes of header'],
    ['endless empty lines', '\r\n'.repeat(100), 'did not answer in HTTP'],
    [
      'endless chunk extensions',
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(70_000)}\r\n`,
      'too many pieces',
    ],
  ])('are refused with %s', (_, text, why) => {
    expect(read([text])).toContain(why);
  });

  it('a body is cut at its limit, and the reader does not wait for the rest', () => {
    const reader = new ResponseReader();
    expect(reader.push(Buffer.from('HTTP/1.1 200 OK\r\n\r\n'))).toBe(false);
    expect(reader.push(Buffer.alloc(MAX_BODY - 1, 'x'))).toBe(false);
    expect(reader.push(Buffer.alloc(10, 'x'))).toBe(true);
    expect(reader.body.length).toBe(MAX_BODY);
  });

  it.each([301, 302, 303, 307, 308])('a redirect (%i) ends with its header', (status) => {
    const reader = new ResponseReader();
    expect(reader.push(Buffer.from(`HTTP/1.1 ${status} x\nlocation : /there \nContent-Length: 99\n\n`))).toBe(
      true,
    );
    expect(reader.location).toBe('/there');
  });

  it('a Location is ignored with a status other than a redirect', () => {
    expect(read(['HTTP/1.1 200 OK\r\nLocation: /there\r\n\r\ntoken.thumbprint'])).toEqual(OK);
    expect(read(['HTTP/1.1 302 x\r\nLocation: \r\n\r\n'])).toMatchObject({ status: 302, location: null });
  });

  it('a broken connection ends only a body without a length', () => {
    const open = new ResponseReader();
    open.push(Buffer.from('HTTP/1.0 200 OK\r\n\r\ntoken'));
    expect(open.endsBroken()).toBe(true);
    const sized = new ResponseReader();
    sized.push(Buffer.from('HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\ntoken'));
    expect(sized.endsBroken()).toBe(false);
  });
});

const piece = fc.oneof(
  fc.constantFrom(
    'HTTP/1.1 200 OK',
    '\r\n',
    '\n',
    'Content-Length: ',
    'Transfer-Encoding: chunked',
    '5',
    '0',
    ' ',
    '\t',
    ':',
    ',',
    'Location: /x',
    'HTTP/1.0 302',
    'token',
  ),
  fc.string({ maxLength: 10, unit: 'binary' }),
);

describe('responses of any octets', () => {
  it('are read the same however they are split into packets', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 40 }),
        fc.array(fc.nat(30), { maxLength: 30 }),
        (parts, cuts) => {
          const text = Buffer.from(parts.join(''), 'latin1').toString('latin1');
          const pieces: string[] = [];
          let at = 0;
          for (const cut of cuts) {
            pieces.push(text.slice(at, at + cut));
            at += cut;
          }
          pieces.push(text.slice(at));
          expect(read(pieces)).toEqual(read([text]));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('are read in linear time: a megabyte, octet by octet, in well under a second', () => {
    const started = performance.now();
    for (const text of ['x', '\n', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n']) {
      const reader = new ResponseReader();
      const octets = Buffer.from(text.padEnd(1_000_000, text), 'latin1');
      try {
        for (let at = 0; at < octets.length; at += 1) if (reader.push(octets.subarray(at, at + 1))) break;
      } catch (error) {
        expect(error).toBeInstanceOf(HttpError);
      }
    }
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});
