import { join } from 'node:path';
import type { CaStore, RaStore } from '../../../src/store/index.js';
import { median } from '../measure/percentiles.js';
import type { Grown, Sample } from './fill.js';
import { openCaStore, openRaStore } from './store.js';

/** Every query that a running system makes of its stores. */
function questions(
  ra: RaStore,
  ca: CaStore,
): Record<string, (sample: Sample, now: number) => Promise<unknown>> {
  return {
    'account by id': ({ accountId }) => ra.getAccount(accountId),
    'account by key': ({ thumbprint }) => ra.findAccountByThumbprint(thumbprint),
    'order with authorizations': ({ orderId }) => ra.getOrder(orderId),
    'orders of an account': ({ accountId }, now) =>
      ra.listOrderIds(accountId, { after: null, limit: 50, now }),
    'authorization by id': ({ authorizationId }) => ra.getAuthorization(authorizationId),
    'valid authorizations of a name': ({ accountId, identifier }, now) =>
      ra.findValidAuthorizations(accountId, [identifier], now),
    'certificate by id': ({ certificateId }) => ra.getCertificate(certificateId),
    'certificate by serial (RA)': ({ serial }) => ra.findCertificateBySerial(serial),
    'certificate by ARI id': ({ ariId }) => ra.findCertificateByAriId(ariId),
    'validations due': (_, now) => ra.claimValidations(now, now, 100),
    'finalizations due': (_, now) => ra.claimFinalizations(now, now, 100),
    'expired orders to remove': (_, now) => ra.purgeExpired(now - 86_400_000, 500),
    'certificate by serial (CA)': ({ serial }) => ca.findBySerial(serial),
    'certificate by order': ({ orderId }) => ca.findByOrder(orderId),
    'newest certificate of a name': ({ cn }) => ca.findNewestByCn(cn),
    'certificates of a name': ({ cn }) => ca.listByCn(cn, 10),
    'certificates, a page': ({ serial }, now) => ca.listCertificates({ after: serial, limit: 50, now }),
    'revoked certificates, a page': (_, now) =>
      ca.listRevoked({ issuer: '', after: null, limit: 100, endedFrom: now }),
  };
}

const ROUNDS = 7;
const AT_ONCE = 200;

/** µs of CPU per query, 200 queries at a time, in turns of the two systems; the median of the rounds. */
export async function compareLookups(small: Grown, large: Grown): Promise<Map<string, [number, number]>> {
  const open = async ({ dataDir, samples }: Grown) => {
    const ra = await openRaStore(join(dataDir, 'ra/acme.db'));
    const ca = await openCaStore(join(dataDir, 'ca/ca.db'));
    return { asks: questions(ra, ca), samples, close: () => Promise.all([ra.close(), ca.close()]) };
  };
  const systems = [await open(small), await open(large)] as const;
  const result = new Map<string, [number, number]>();
  for (const name of Object.keys(systems[0].asks)) {
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [which, { asks, samples }] of systems.entries()) {
        const ask = asks[name];
        const chosen = Array.from(
          { length: AT_ONCE },
          (_, index) => samples[(index * 37 + round * 101) % samples.length],
        );
        const began = process.cpuUsage();
        await Promise.all(chosen.map((sample) => sample && ask?.(sample, Date.now())));
        const { user, system } = process.cpuUsage(began);
        times[which === 0 ? 0 : 1].push((user + system) / AT_ONCE);
      }
    }
    result.set(name, [median(times[0]), median(times[1])]);
  }
  for (const { close } of systems) await close();
  return result;
}
