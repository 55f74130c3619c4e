import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP load balancer on loopback. */
export interface Balancer {
  port: number;
  /** Target ports, used in turn; one that refuses is skipped. */
  targets: number[];
  /** How many connections went to each port. */
  connections: ReadonlyMap<number, number>;
  close(): Promise<void>;
}

/** Round robin without sticky sessions, like HAProxy's `mode tcp`: each connection goes to the next target. */
export async function startBalancer(): Promise<Balancer> {
  const sockets = new Set<Socket>();
  const connections = new Map<number, number>();
  let turn = 0;
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  const forward = (client: Socket, tries: number) => {
    const port = balancer.targets[turn++ % balancer.targets.length];
    if (port === undefined || tries === 0) return client.destroy();
    const server = connect(port, '127.0.0.1');
    keep(server);
    let connected = false;
    server.once('connect', () => {
      connected = true;
      connections.set(port, (connections.get(port) ?? 0) + 1);
      client.pipe(server).pipe(client);
      client.once('close', () => server.destroy());
      server.once('close', () => client.destroy());
    });
    server.once('error', () => {
      if (!connected) forward(client, tries - 1);
    });
  };
  const listener = createServer((client) => {
    keep(client);
    forward(client, balancer.targets.length);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const balancer: Balancer = {
    port: typeof address === 'object' && address ? address.port : 0,
    targets: [],
    connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
  return balancer;
}
