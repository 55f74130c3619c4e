import { describe, expect, it } from 'vitest';
import { issue, JSON_TYPE, ra, send } from './harness.js';

describe.each(['/api/v1/public/ocsp', '/api/v1/ocsp'])('the JSON form at %s', (path) => {
  const ask = async (body: unknown) => {
    const answer = await send(path, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) });
    return { http: answer.status, ...JSON.parse(answer.body.toString()) };
  };

  it('answers by serial, in any notation, or by certificate', async () => {
    const { serial, certificate, name } = await issue();
    const forms = [
      { serial },
      { serial: `0x${serial.toUpperCase()}` },
      { serial: serial.replace(/..(?=.)/g, '$&:') },
      { serial: BigInt(`0x${serial}`).toString() },
      { certificate },
      { cert: certificate },
    ];
    for (const form of forms) {
      expect(await ask(form)).toEqual({
        http: 200,
        status: 'success',
        data: { status: 'good', serial, cn: name },
      });
    }
    await ra.call('revoke', { dn: name, reason: 'keyCompromise' });
    expect((await ask({ serial })).data).toEqual({
      ...{ status: 'revoked', serial, cn: name, revoke_reason: 'keyCompromise' },
      revoke_date: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    });
    expect((await ask({ serial: 12345 })).data).toEqual({ status: 'unknown', serial: '3039' });
  });

  it.each<[string, unknown, string, RegExp]>([
    ['nothing', {}, 'serial', /give one of "serial" and "certificate"/],
    ['two', { serial: '10', certificate: '' }, 'certificate', /./],
    ['a serial that a double would round', { serial: 2 ** 60 }, 'serial', /write it as text/],
    ['a serial that is none', { serial: 'xyz' }, 'serial', /is not a serial number/],
    ['serial 0', { serial: '0' }, 'serial', /is not a serial number/],
    ['a negative serial', { serial: -1 }, 'serial', /write it as text/],
    ['a certificate that is none', { certificate: 'x' }, 'certificate', /there is no CERTIFICATE/],
    ['something else', { serial: '10', name: 'x' }, 'name', /is not a body parameter/],
  ])('refuses %s and names the field', async (_, body, field, message) => {
    const { http, status, code, ...answer } = await ask(body);
    expect([http, status, code, answer.field]).toEqual([400, 'error', 'invalidRequest', field]);
    expect(answer.message).toMatch(message);
  });

  it.each([['[]'], ['"text"'], ['{"serial":'], ['']])('refuses the body %j', async (body) => {
    const answer = await send(path, { method: 'POST', headers: JSON_TYPE, body });
    expect([answer.status, JSON.parse(answer.body.toString()).status]).toEqual([400, 'error']);
  });

  it('refuses serial and certificate together', async () => {
    const { serial, certificate } = await issue();
    expect(await ask({ serial, certificate })).toMatchObject({ http: 400, field: 'serial' });
    expect(await ask({ cert: certificate, certificate })).toMatchObject({ http: 400, field: 'serial' });
  });
});
