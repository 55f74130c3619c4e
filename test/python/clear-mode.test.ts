import { describe, expect, it } from 'vitest';
import { operations } from '../../src/channel/tasks/index.js';
import { TaskClient } from '../../src/channel/typed-client.js';
import { ClearModeCa } from '../../src/python/clear-mode-ca.js';
import { PythonCa } from '../../src/python/python-ca.js';
import { pythonOperations } from '../../src/python/wire.js';
import { CaWorld } from '../support/world/ca.js';
import { ending, world } from './harness.js';

describe('in clear mode the RA', () => {
  it('knows once a connection which CA it is, and again when another takes its place', async () => {
    const { python, channel, records, dialect } = await world();
    const log = { warn: () => undefined, error: () => undefined } as never;
    const client = new TaskClient(operations, channel);
    const pythonCa = new PythonCa({
      client: new TaskClient(pythonOperations, channel),
      records,
      log,
      cacheFor: 0,
    });
    const ca = new ClearModeCa({ client, cacheFor: 0, dialect, python: pythonCa });
    expect((await ca.caCertificates()).chain).toBe('');
    await ca.ping();
    expect(python.tasks('ping')).toHaveLength(1);

    const port = python.operationsPort;
    python.close();
    await expect.poll(() => channel.state).toBe('connecting');
    const ours = await new CaWorld({ mode: 'clear', operationsPort: port, registrationPort: null }).start();
    ending.push(() => ours.close());
    await expect.poll(() => channel.state, { timeout: 10_000 }).toBe('connected');
    dialect.forget();
    expect(await dialect.get()).toBe('upki');
    expect((await ca.profiles()).map(({ name }) => name)).toContain('webapp');
  });
});
