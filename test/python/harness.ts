import { afterEach } from 'vitest';
import { ChannelClient } from '../../src/channel/client.js';
import { operations } from '../../src/channel/tasks/index.js';
import { TaskClient } from '../../src/channel/typed-client.js';
import type { IssueRequest } from '../../src/model/ca.js';
import type { Certificate, OrderAndAuthorizations } from '../../src/model/facts.js';
import { CaDialect } from '../../src/python/ca-dialect.js';
import { CaTasks } from '../../src/python/ca-tasks.js';
import { PythonCa } from '../../src/python/python-ca.js';
import { PythonTasks } from '../../src/python/python-tasks.js';
import { pythonOperations } from '../../src/python/wire.js';
import { parseLeaf } from '../../src/ra/leaf.js';
import { createCsr } from '../../tools/kit/csr.js';
import { PythonCaStandIn } from './fake-ca.js';

export const ending: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

export const DAY = 86_400_000;

/** An RA's records, kept in memory. */
class Records {
  readonly certificates = new Map<string, Certificate>();

  findCertificateBySerial = async (serial: string) => this.certificates.get(serial) ?? null;
  getOrder = async () => ({ order: { profile: 'server' } }) as unknown as OrderAndAuthorizations;

  keep(chain: string, changes: Partial<Certificate> = {}): Certificate {
    const leaf = parseLeaf(chain);
    const certificate: Certificate = {
      ...{ id: leaf.serial, orderId: 'o', accountId: 'a', identifiers: [], chain, ...leaf },
      ...{ revokedAt: null, revocationReason: null, replacedBy: null, ...changes },
    };
    this.certificates.set(leaf.serial, certificate);
    return certificate;
  }
}

export async function world(now = Date.now) {
  const python = await new PythonCaStandIn().start();
  const channel = new ChannelClient({
    endpoint: `tcp://127.0.0.1:${python.operationsPort}`,
    security: { mode: 'clear' },
  });
  ending.push(
    () => python.close(),
    () => channel.close(),
  );
  const records = new Records();
  const logged: { level: string; sentence: string; facts: object }[] = [];
  const to = (level: string) => (facts: object, sentence: string) => logged.push({ level, sentence, facts });
  const log = { warn: to('warn'), error: to('error') } as never;
  const ca = new PythonCa({ client: new TaskClient(pythonOperations, channel), records, log, now });
  const dialect = new CaDialect(new TaskClient(operations, channel));
  const tasks = new CaTasks(channel, { dialect, tasks: new PythonTasks(records, () => ca.crl(), now) });
  return { python, channel, records, logged, ca, dialect, tasks };
}

export function request(name: string, more: Partial<IssueRequest> & { csr?: Uint8Array } = {}): IssueRequest {
  return {
    ...{ orderId: 'order', accountId: 'account', profile: 'server', notBefore: null, notAfter: null },
    identifiers: [{ type: 'dns', value: name }],
    csr: createCsr([name], { commonName: name }).der,
    ...more,
  };
}

export function long(): string {
  return `${'a'.repeat(60)}.test.example`;
}
