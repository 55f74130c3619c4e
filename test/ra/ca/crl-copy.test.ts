import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CaLacksTask, CaUnavailable } from '../../../src/model/ca.js';
import { CaClient } from '../../../src/ra/ca/client.js';
import { CrlCopy, type CrlSource } from '../../../src/ra/ca/crl-copy.js';

const PART = 10;

/** A CA that says its current CRL, and no other, in parts of ten octets; `asked` is what crossed the channel. */
function aCa(der: Buffer, form: 'octets' | 'base64' = 'octets') {
  const asked: string[] = [];
  const ca = { number: 1, der, asked, before: (_offset: number) => {} };
  const part = async (offset: number, unless: number | null = null) => {
    ca.before(offset);
    asked.push(`${offset}${unless === null ? '' : ` unless ${unless}`}`);
    const octets = ca.number === unless ? Buffer.alloc(0) : ca.der.subarray(offset, offset + PART);
    const part = form === 'octets' ? octets : octets.toString('base64');
    return { number: ca.number, size: ca.der.length, part };
  };
  const source: CrlSource = {
    beginning: (unless) => part(0, unless),
    rest: (_number, offset) => part(offset),
    whole: () => Promise.reject(new Error('not asked for in one')),
  };
  return { ca, copy: new CrlCopy(source) };
}

describe('the RA’s copy of the CRL', () => {
  it.each([0, 1, 10, 25, 30])('of %i octets is put together from its parts', async (size) => {
    const der = Buffer.from(Array.from({ length: size }, (_, index) => index));
    expect(await aCa(der).copy.current()).toEqual(der);
    expect(await aCa(der, 'base64').copy.current()).toEqual(der);
  });

  it('is read four parts at a time, also from a CA that sends smaller ones than the first', async () => {
    const der = Buffer.from(Array.from({ length: 125 }, (_, index) => index));
    const asked = { now: 0, most: 0 };
    const copy = new CrlCopy({
      beginning: async () => ({ number: 1, size: 125, part: der.toString('base64', 0, PART) }),
      rest: async (_number, offset) => {
        asked.now += 1;
        asked.most = Math.max(asked.most, asked.now);
        await turn();
        asked.now -= 1;
        return { number: 1, size: 125, part: der.toString('base64', offset, offset + PART - 3) };
      },
      whole: () => Promise.reject(new Error('not asked for in one')),
    });
    expect(await copy.current()).toEqual(der);
    expect(asked.most).toBe(4);
  });

  it('crosses the channel once, and its number each time', async () => {
    const { ca, copy } = aCa(Buffer.alloc(15));
    await copy.current();
    await copy.current();
    expect(ca.asked).toEqual(['0', '10', '0 unless 1']);
    Object.assign(ca, { number: 2, der: Buffer.alloc(5, 2) });
    expect(await copy.current()).toEqual(Buffer.alloc(5, 2));
  });

  it('holds a revocation made before it was asked for, whoever else is asking', async () => {
    const { ca, copy } = aCa(Buffer.from('old'));
    const early = copy.current();
    Object.assign(ca, { number: 2, der: Buffer.from('new') });
    const late = [copy.current(), copy.current()];
    await early;
    for (const each of late) expect((await each).toString()).toBe('new');
    expect(ca.asked).toHaveLength(2);
  });

  it('is begun again when another becomes current while it is read, but not for ever', async () => {
    const { ca, copy } = aCa(Buffer.alloc(25, 1));
    ca.before = (offset) => {
      if (offset === PART && ca.number === 1) Object.assign(ca, { number: 2, der: Buffer.alloc(25, 2) });
    };
    expect(await copy.current()).toEqual(Buffer.alloc(25, 2));
    ca.before = (offset) => {
      if (offset === 0) ca.number += 1;
      if (offset === PART) ca.number += 1;
    };
    await expect(copy.current()).rejects.toBeInstanceOf(CaUnavailable);
  });

  it('comes whole from a CA that knows no parts', async () => {
    const copy = new CrlCopy({
      beginning: () => Promise.reject(new CaLacksTask('get_crl_part')),
      rest: () => Promise.reject(new Error('nothing was begun')),
      whole: async () => Buffer.from('whole'),
    });
    expect((await copy.current()).toString()).toBe('whole');
  });

  it('is not there while the CA is away, and is again when that is back', async () => {
    const { ca, copy } = aCa(Buffer.from('crl'));
    ca.before = () => {
      throw new CaUnavailable('away');
    };
    await expect(copy.current()).rejects.toBeInstanceOf(CaUnavailable);
    ca.before = () => {};
    expect((await copy.current()).toString()).toBe('crl');
  });
});

it('a CA that makes its CRL first has longer to answer than for other tasks', async () => {
  const waits = new Map<string, number | undefined>();
  const call = async (task: string, _params: object, timeout?: number) => {
    waits.set(task, timeout);
    return task === 'get_crl_part' ? { number: 1, size: 3, part: Buffer.from('crl').toString('base64') } : {};
  };
  const ca = new CaClient({ client: { call } as never });
  expect((await ca.crl()).toString()).toBe('crl');
  await ca.ping();
  expect([...waits]).toEqual([
    ['get_crl_part', 15_000],
    ['ping', undefined],
  ]);
});
