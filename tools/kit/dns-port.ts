import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';

/** Sockets on one free port of loopback. A port that is free for UDP may be taken for TCP; then another is tried. */
export async function listenOnBoth(tries = 20): Promise<{ dns: UdpSocket; tcp: TcpServer }> {
  const dns = createSocket('udp4');
  await new Promise<void>((resolve) => dns.bind(0, '127.0.0.1', resolve));
  const tcp = createTcpServer();
  try {
    await new Promise<void>((resolve, reject) => {
      tcp.once('error', reject);
      tcp.listen(dns.address().port, '127.0.0.1', resolve);
    });
    return { dns, tcp };
  } catch (error) {
    dns.close();
    if (tries <= 1) throw error;
    return listenOnBoth(tries - 1);
  }
}
