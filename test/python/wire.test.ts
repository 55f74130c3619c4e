import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerer } from '../../src/channel/dispatch.js';
import { decodeAnswer } from '../../src/channel/envelope.js';
import { ChannelRefused } from '../../src/channel/errors.js';
import { reasonCode } from '../../src/channel/reasons.js';
import { type Handlers, type OperationsTasks, operations } from '../../src/channel/tasks/index.js';
import type { TaskClient } from '../../src/channel/typed-client.js';
import type { ExactJson } from '../../src/lib/json.js';
import { requestPem } from '../support/requests.js';
import { CaWorld } from '../support/world/ca.js';

describe('requests as the Python RA makes them', () => {
  const world = new CaWorld({ mode: 'clear' });
  let ra: TaskClient<OperationsTasks>;
  beforeAll(async () => {
    await world.start();
    ra = await world.registered();
  });
  afterAll(() => world.close());

  it('may hold nulls for members it has no value for', async () => {
    const order = {
      order_id: 'o1',
      account_id: 'a1',
      identifiers: [{ type: 'dns', value: 'a.example.test' }],
    };
    const nulls = { not_before: null, not_after: null, status: null };
    expect(await ra.call('acme_sync_order', { ...order, ...nulls } as never)).toBe(true);
    expect(await ra.call('acme_get_order', { order_id: 'o1' })).toMatchObject({ status: 'pending' });
  });

  it('name an ACME certificate by its order or its serial', async () => {
    const csr = requestPem(['b.example.test']);
    const { serial } = await ra.call('acme_issue_certificate', { order_id: 'o2', csr });
    for (const cert_id of ['o2', serial]) {
      expect(await ra.call('acme_get_certificate', { cert_id })).toMatchObject({ serial, order_id: 'o2' });
    }
  });

  it('name reasons in any case, by number, and by a number in digits', () => {
    expect(['keyCompromise', 'KEYCOMPROMISE', 1, 1n, '1'].map(reasonCode)).toEqual([1, 1, 1, 1, 1]);
    expect(['7', 7, '', 'constructor', '1.0'].map(reasonCode)).toEqual([null, null, null, null, null]);
  });
});

describe('a task that the other side does not have', () => {
  const refusal = (bytes: string): ChannelRefused => {
    try {
      decodeAnswer(Buffer.from(bytes));
    } catch (error) {
      if (error instanceof ChannelRefused) return error;
      throw error;
    }
    throw new Error('not refused');
  };

  it('is told apart, by kind from ours and by its words from the Python CA', async () => {
    const answer = answerer(operations, {} as Handlers<OperationsTasks>, () => {});
    const ours = String(await answer(Buffer.from('{"TASK":"nope"}'), 'a connection'));
    expect((JSON.parse(ours) as Record<string, ExactJson>).KIND).toBe('unknownTask');
    expect(refusal(ours).kind).toBe('unknownTask');
    expect(refusal('{"EVENT": "UPKI ERROR", "MSG": "[700] Unknown task: nope"}').kind).toBe('unknownTask');
  });
});
