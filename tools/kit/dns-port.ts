import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';

/** UDP and TCP sockets on one loopback port, a free one if it is 0. A port free for UDP may be in use for TCP; then it tries another. */
export async function listenOnBoth(port = 0, tries = 20): Promise<{ dns: UdpSocket; tcp: TcpServer }> {
  const dns = createSocket('udp4');
  await new Promise<void>((resolve) => dns.bind(port, '127.0.0.1', resolve));
  const tcp = createTcpServer();
  try {
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject);
      tcp.listen(dns.address().port, '127.0.0.1', resolve);
    });
    return { dns, tcp };
  } catch (error) {
    dns.close();
    if (tries <= 1 || port !== 0) throw error;
    return listenOnBoth(port, tries - 1);
  }
}
