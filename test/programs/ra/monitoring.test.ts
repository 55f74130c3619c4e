import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { startUpki } from '../../../tools/kit/upki.js';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

it('a running uPKI is scraped on a separate listener, without names, and while the CA is unreachable', {
  timeout: 180_000,
}, async () => {
  const port = await freePort();
  const upki = await startUpki({ env: { UPKI_METRICS: `127.0.0.1:${port}` } });
  const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  try {
    await expect
      .poll(scrape, { timeout: 30_000 })
      .toContain('upki_certificates{profile="ra",state="good"} 1');
    await upki.serving();
    // A request is counted when its answer has left, which its client may see first.
    await expect.poll(scrape, { timeout: 10_000 }).toContain('route="/acme/directory"');
    const text = await scrape();
    for (const line of [
      /^upki_up\{what="ca"\} 1$/m,
      /^upki_up\{what="ra_database"\} 1$/m,
      /^upki_up\{what="ca_database"\} 1$/m,
      /^upki_authority_not_after_seconds\{authority="[0-9a-f]+",kind="root",state="in use"\} \d+/m,
      /^upki_authority_not_after_seconds\{authority="[0-9a-f]+",kind="issuer",state="in use"\} \d+/m,
      /^upki_crl_next_update_seconds\{issuer="[0-9a-f]+"\} \d+/m,
      /^upki_ra_certificate_not_after_seconds \d+/m,
      /^upki_audit_records\{program="ca"\} [1-9]/m,
      /^upki_audit_broken\{program="ra"\} 0$/m,
      /^upki_disk_free_bytes\{program="ca"\} [1-9]/m,
      /^upki_queue_items\{queue="validations",state="running"\} 0$/m,
      /^upki_http_request_duration_seconds_bucket\{le="[^"]+",route="\/acme\/directory",method="GET",status="2xx"\} [1-9]/m,
      /^upki_store_duration_seconds_count\{operation="ping",outcome="ok"\} [1-9]/m,
      /^upki_dns_silent \d$/m,
      /^upki_notices_waiting 0$/m,
    ]) {
      expect(text).toMatch(line);
    }
    expect(text).not.toContain('localhost');
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(405);

    const { ca } = upki.pids();
    if (ca === null) throw new Error('the CA does not run');
    process.kill(ca, 'SIGSTOP');
    try {
      await expect.poll(scrape, { timeout: 60_000 }).toMatch(/^upki_up\{what="ca"\} 0$/m);
    } finally {
      process.kill(ca, 'SIGCONT');
    }
    await expect.poll(scrape, { timeout: 60_000 }).toMatch(/^upki_up\{what="ca"\} 1$/m);
  } finally {
    await upki.stop();
  }
});
