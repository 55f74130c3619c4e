import { createServer } from 'node:net';
import type { TestProject } from 'vitest/node';
import { PostgresServer } from './server.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Loopback port that serves the URL of the run's PostgreSQL server to test files. */
    postgres: number;
  }
}

/**
 * One PostgreSQL server for all files of a run, started at the first request: the server in
 * UPKI_TEST_POSTGRES_URL (its user must be allowed to create databases), else one of our own.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let own: Promise<PostgresServer> | null = null;
  const url = async () => {
    const given = process.env.UPKI_TEST_POSTGRES_URL;
    if (given) return given;
    own ??= PostgresServer.start();
    return (await own).url();
  };
  const desk = createServer((socket) => {
    socket.on('error', () => {});
    url().then(
      (text) => socket.end(JSON.stringify({ url: text })),
      (error: Error) => socket.end(JSON.stringify({ error: error.message })),
    );
  });
  await new Promise<void>((resolve) => desk.listen(0, '127.0.0.1', resolve));
  const address = desk.address();
  project.provide('postgres', typeof address === 'object' && address ? address.port : 0);
  return async () => {
    desk.close();
    const server = await own?.catch(() => null);
    await server?.remove();
  };
}
