import { describe, expect, it } from 'vitest';
import { startDns } from '../../tools/kit/dns-server.js';
import { closing, DIGEST, dnsZone, failure, validate } from './world.js';

const NAME = '_acme-challenge.app.example.test';
const dns01 = { type: 'dns-01' } as const;

describe('RFC 8555 §8.4 dns-01', () => {
  it('is proven by the digest in a TXT record', async () => {
    const dns = await dnsZone({ [`TXT ${NAME}`]: { records: [{ txt: [DIGEST] }] } });
    const result = await validate(dns, dns01);
    expect(result).toMatchObject({ ok: true, attempts: [{ target: `TXT ${NAME}`, outcome: '1 records' }] });
  });

  it('any of several records suffices', async () => {
    const dns = await dnsZone({ [`TXT ${NAME}`]: { records: [{ txt: ['old'] }, { txt: [DIGEST] }] } });
    expect((await validate(dns, dns01)).ok).toBe(true);
  });

  it('the character-strings of one record are one value', async () => {
    const dns = await dnsZone({
      [`TXT ${NAME}`]: { records: [{ txt: [DIGEST.slice(0, 10), '', DIGEST.slice(10)] }] },
    });
    expect((await validate(dns, dns01)).ok).toBe(true);
  });

  it('CNAMEs are followed, in the answer and by asking again', async () => {
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

  it('a CNAME loop ends in a dns error', async () => {
    const dns = await dnsZone({
      [`TXT ${NAME}`]: { records: [{ cname: 'x.acme.test' }] },
      'TXT x.acme.test': { records: [{ cname: NAME }] },
    });
    expect(failure(await validate(dns, dns01))).toMatchObject({ type: 'dns' });
  });

  it('a record of another owner in the answer does not count', async () => {
    const dns = await dnsZone({
      [`TXT ${NAME}`]: { records: [{ txt: ['x'] }] },
      'TXT other.test': { records: [{ txt: [DIGEST] }] },
    });
    expect(failure(await validate(dns, dns01)).type).toBe('incorrectResponse');
  });

  it('a truncated answer is asked for again over TCP (RFC 7766)', async () => {
    const records = [...Array(40)].map((_, index) => ({ txt: [`other ${index}`] }));
    const dns = await dnsZone({
      [`TXT ${NAME}`]: { records: [...records, { txt: [DIGEST] }], truncate: true },
    });
    expect((await validate(dns, dns01)).ok).toBe(true);
  });

  it('tells what was found and what was expected', async () => {
    const dns = await dnsZone({ [`TXT ${NAME}`]: { records: [{ txt: ['wrong\u0007'] }] } });
    const result = failure(await validate(dns, dns01));
    expect(result).toMatchObject({ type: 'incorrectResponse', retryable: true });
    expect(result.detail).toContain(`"wrong.."`.slice(0, 6));
    expect(result.detail).toContain(DIGEST);
  });

  it('no record is a dns error that names it', async () => {
    const result = failure(await validate(await dnsZone(), dns01));
    expect(result).toMatchObject({ type: 'dns', retryable: true });
    expect(result.detail).toContain(`${NAME} has no TXT record`);
  });

  it('SERVFAIL and silence are dns errors that say so', async () => {
    const dns = await dnsZone({ [`TXT ${NAME}`]: { rcode: 2 } });
    expect(failure(await validate(dns, dns01)).detail).toContain(`127.0.0.1:${dns.port}: SERVFAIL`);
    dns.set(`TXT ${NAME}`, 'silence');
    expect(failure(await validate(dns, dns01, { timeout: 500 })).detail).toMatch(/timed out|out of time/);
  });

  it('asks the next resolver when one fails', async () => {
    const broken = await dnsZone({ [`TXT ${NAME}`]: { rcode: 5 } });
    const good = await dnsZone({ [`TXT ${NAME}`]: { records: [{ txt: [DIGEST] }] } });
    expect((await validate(good, dns01, { resolvers: [broken, good] })).ok).toBe(true);
  });

  it('an unreachable resolver is named', async () => {
    const gone = await startDns();
    await gone.close();
    expect(failure(await validate(gone, dns01)).detail).toContain(`127.0.0.1:${gone.port}`);
  });

  it('RFC 5452 §9: an answer with another id or question is not taken', async () => {
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

  it('RFC 8738 §7: cannot prove an IP address', async () => {
    const identifier = { type: 'ip', value: '127.0.0.1' } as const;
    expect(failure(await validate(await dnsZone(), { ...dns01, identifier }))).toMatchObject({
      type: 'malformed',
      retryable: false,
    });
  });

  it('ends early when told to', async () => {
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
