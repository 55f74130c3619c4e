import { describe, expect, it } from 'vitest';
import { startDns } from '../../tools/kit/dns-server.js';
import { closing, DIGEST, dnsZone, failure, validate } from './world.js';

const NAME = '_acme-challenge.app.example.test';
const dns01 = { type: 'dns-01' } as const;

describe('dns-01 (RFC 8555 §8.4)', () => {
  it('is proven by the digest in a TXT record', async () => {
    const dns = await dnsZone({ [`TXT ${NAME}`]: { records: [{ txt: [DIGEST] }] } });
    const result = await validate(dns, dns01);
    expect(result).toMatchObject({ ok: true, attempts: [{ target: `TXT ${NAME}`, outcome: '1 records' }] });
  });

  it('is proven by any of several records', async () => {
    const dns = await dnsZone({ [`TXT ${NAME}`]: { records: [{ txt: ['old'] }, { txt: [DIGEST] }] } });
    expect((await validate(dns, dns01)).ok).toBe(true);
  });

  it('reads the character-strings of one record as one value', async () => {
    const dns = await dnsZone({
      [`TXT ${NAME}`]: { records: [{ txt: [DIGEST.slice(0, 10), '', DIGEST.slice(10)] }] },
    });
    expect((await validate(dns, dns01)).ok).toBe(true);
  });

  it('follows CNAMEs in the answer and by further queries', async () => {
    const together = await dnsZone({
      [`TXT ${NAME}`]: { records: [{ cname: 'x.acme.test' }, { cname: 'y.acme.test' }, { txt: [DIGEST] }] },
    });
    expect((await validate(together, dns01)).ok).toBe(true);
    const apart = await dnsZone({
      [`TXT ${NAME}`]: { records: [{ cname: 'x.acme.test' }] },
      'TXT x.acme.test': { records: [{ txt: [DIGEST] }] },
    });
    expect((await validate(apart, dns01)).ok).toBe(true);
    expect(apart.questions).toContain('TXT x.acme.test');
  });

  it('fails with a dns error on a CNAME loop', async () => {
    const dns = await dnsZone({
      [`TXT ${NAME}`]: { records: [{ cname: 'x.acme.test' }] },
      'TXT x.acme.test': { records: [{ cname: NAME }] },
    });
    expect(failure(await validate(dns, dns01))).toMatchObject({ type: 'dns' });
  });

  it('ignores a record of another owner in the answer', async () => {
    const dns = await dnsZone({
      [`TXT ${NAME}`]: { records: [{ txt: ['x'] }] },
      'TXT other.test': { records: [{ txt: [DIGEST] }] },
    });
    expect(failure(await validate(dns, dns01)).type).toBe('incorrectResponse');
  });

  it('repeats a query over TCP if the answer was truncated (RFC 7766)', async () => {
    const records = [...Array(40)].map((_, index) => ({ txt: [`other ${index}`] }));
    const dns = await dnsZone({
      [`TXT ${NAME}`]: { records: [...records, { txt: [DIGEST] }], truncate: true },
    });
    expect((await validate(dns, dns01)).ok).toBe(true);
  });

  it('reports the records found and the value expected', async () => {
    const dns = await dnsZone({ [`TXT ${NAME}`]: { records: [{ txt: ['wrong\u0007'] }] } });
    const result = failure(await validate(dns, dns01));
    expect(result).toMatchObject({ type: 'incorrectResponse', retryable: true });
    expect(result.detail).toContain(`"wrong.."`.slice(0, 6));
    expect(result.detail).toContain(DIGEST);
  });

  it('fails with a dns error that names the missing record', async () => {
    const result = failure(await validate(await dnsZone(), dns01));
    expect(result).toMatchObject({ type: 'dns', retryable: true });
    expect(result.detail).toContain(`${NAME} has no TXT record`);
  });

  it('fails with a dns error that reports SERVFAIL or silence', async () => {
    const dns = await dnsZone({ [`TXT ${NAME}`]: { rcode: 2 } });
    expect(failure(await validate(dns, dns01)).detail).toContain(`127.0.0.1:${dns.port}: SERVFAIL`);
    dns.set(`TXT ${NAME}`, 'silence');
    expect(failure(await validate(dns, dns01, { timeout: 500 })).detail).toMatch(/timed out|out of time/);
  });

  it('queries the next resolver when one fails', async () => {
    const broken = await dnsZone({ [`TXT ${NAME}`]: { rcode: 5 } });
    const good = await dnsZone({ [`TXT ${NAME}`]: { records: [{ txt: [DIGEST] }] } });
    expect((await validate(good, dns01, { resolvers: [broken, good] })).ok).toBe(true);
  });

  it('names an unreachable resolver', async () => {
    const gone = await startDns();
    await gone.close();
    expect(failure(await validate(gone, dns01)).detail).toContain(`127.0.0.1:${gone.port}`);
  });

  it('ignores an answer with another id or question (RFC 5452 §9)', async () => {
    const dns = await dnsZone();
    dns.set(`TXT ${NAME}`, {
      raw: (query) => {
        const forged = Buffer.from(query.subarray(0, query.length - 11));
        forged.writeUInt16BE(0x8180, 2);
        forged.writeUInt16BE(0, 10);
        forged[0] = (forged[0] ?? 0) ^ 0xff;
        return forged;
      },
    });
    expect(failure(await validate(dns, dns01, { timeout: 500 })).type).toBe('dns');
  });

  it('cannot prove an IP address (RFC 8738 §7)', async () => {
    const identifier = { type: 'ip', value: '127.0.0.1' } as const;
    expect(failure(await validate(await dnsZone(), { ...dns01, identifier }))).toMatchObject({
      type: 'malformed',
      retryable: false,
    });
  });

  it('ends early when it is aborted', async () => {
    closing(await startDns());
    const dns = await dnsZone({ [`TXT ${NAME}`]: 'silence' });
    const { createValidator } = await import('../../src/va/validator.js');
    const { request } = await import('./world.js');
    const abort = new AbortController();
    const validator = createValidator({ resolvers: [dns], caa: { mode: 'off', identities: [] } });
    const result = validator.validate(request(dns01), abort.signal);
    abort.abort();
    expect(failure(await result).type).toBe('dns');
  });
});
