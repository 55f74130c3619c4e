import { expect, it } from 'vitest';
import { Deadline } from '../../../src/va/deadline.js';
import { UdpQueries } from '../../../src/va/dns/udp.js';

// The system refuses to connect a socket to the broadcast address, as it does to any address where there is no network.
it('a query to an unreachable DNS server fails with the system’s reason and affects nothing else', async () => {
  const deadline = new Deadline(5000);
  const queries = new UdpQueries();
  const question = { name: 'a.example.test', type: 'A' as const, udpPayload: 1232 };
  const server = { host: '255.255.255.255', port: 53 };
  for (let turn = 0; turn < 2; turn += 1) {
    await expect(queries.ask(server, question, { deadline, timeout: 3000 })).rejects.toMatchObject({
      syscall: 'connect',
    });
  }
  deadline.end();
});
