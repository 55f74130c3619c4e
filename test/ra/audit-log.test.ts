import { describe, expect, it } from 'vitest';
import { AuditLog } from '../../src/ra/audit-log.js';
import type { AuditEntry } from '../../src/store/contract/audit.js';

const event = { who: 'nobody', from: '192.0.2.1', action: 'GET /private/admins', details: {} };
const refused = { ...event, outcome: 'unauthenticated', identified: false };

function log(burst: number, perMinute: number, all = 1_000) {
  const kept: AuditEntry[] = [];
  const time = { now: 1_800_000_000_000 };
  const store = {
    appendAudit: async (entry: AuditEntry) => {
      kept.push(entry);
    },
  };
  const audit = new AuditLog(
    store,
    () => time.now,
    () => undefined,
    { ofPeer: { burst, perMinute }, ofAll: { burst: all, perMinute } },
  );
  return { audit, kept, time };
}

describe('refusals in the audit log are bounded', () => {
  it('to a burst, and then to a fixed number a minute; the next record counts those left out', () => {
    const { audit, kept, time } = log(3, 2);
    for (let count = 0; count < 10; count += 1) audit.refused(refused);
    expect(kept).toHaveLength(3);
    time.now += 30_000;
    audit.refused(refused);
    audit.refused(refused);
    expect(kept.map(({ details }) => details)).toEqual([{}, {}, {}, { suppressed: 7 }]);
    time.now += 60 * 60_000;
    for (let count = 0; count < 10; count += 1) audit.refused(refused);
    expect(kept).toHaveLength(4 + 3);
    expect(kept[4]?.details).toEqual({ suppressed: 1 });
  });

  it('by peer and kind, so that no flood hides the refusals of another peer or of another kind', () => {
    const { audit, kept } = log(1, 1);
    const others = [
      { ...refused, from: '192.0.2.2' },
      { ...refused, action: 'POST /private/admins' },
      { ...refused, outcome: 'forbidden' },
      { ...refused, from: '2001:db8::1' },
    ];
    for (let count = 0; count < 100; count += 1) audit.refused(refused);
    for (const other of others) audit.refused(other);
    audit.refused({ ...refused, from: '2001:db8::2' });
    audit.refused({ ...refused, from: '::ffff:192.0.2.1' });
    expect(kept).toHaveLength(1 + others.length);
  });

  it('except for an identified client, whose refusals are all recorded and use up no share', () => {
    const { audit, kept } = log(1, 1, 1);
    audit.refused(refused);
    for (let count = 0; count < 500; count += 1) {
      audit.refused({ ...refused, who: 'CN=mallory', outcome: 'forbidden', identified: true });
    }
    expect(kept).toHaveLength(501);
    expect(kept.every((entry) => !('identified' in entry))).toBe(true);
  });

  it('for all peers together, so that a flood from many addresses does not fill the disk', () => {
    const { audit, kept } = log(1, 1, 50);
    for (let count = 0; count < 20_000; count += 1)
      audit.refused({ ...refused, from: `10.1.${count >> 8}.${count & 255}` });
    expect(kept).toHaveLength(50);
  });

  it('and never prevent the record of a completed action', async () => {
    const { audit, kept } = log(1, 1);
    for (let count = 0; count < 5; count += 1) audit.refused(refused);
    await audit.done(event);
    expect(kept.map(({ outcome }) => outcome)).toEqual(['unauthenticated', 'success']);
  });

  it('a clock that is set back frees no share', () => {
    const { audit, kept, time } = log(1, 60);
    audit.refused(refused);
    time.now -= 60 * 60_000;
    audit.refused(refused);
    expect(kept).toHaveLength(1);
  });
});

it('a refusal that cannot be recorded is reported only to the error log', async () => {
  const errors: unknown[] = [];
  const failing = { appendAudit: () => Promise.reject(new Error('disk full')) };
  const audit = new AuditLog(failing, Date.now, (error) => errors.push(error));
  audit.refused(refused);
  await new Promise((resolve) => setImmediate(resolve));
  expect(errors).toEqual([new Error('disk full')]);
  await expect(audit.done(event)).rejects.toThrow('disk full');
});
