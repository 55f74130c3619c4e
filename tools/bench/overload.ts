import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { newFolder } from '../kit/folder.js';
import { generateSigningKey } from '../kit/jws-signer.js';
import { Account, Refused } from './driver/account.js';
import { Connection, type Endpoint } from './driver/connection.js';
import { CsrMaker } from './driver/csr-maker.js';
import { issue } from './driver/flow.js';
import { endpointOf, readDirectory } from './driver/load.js';
import { percentiles } from './measure/percentiles.js';
import { memoryOf } from './measure/processes.js';
import { runTurn, type Turn, type TurnOptions } from './measure/turn.js';
import type { TestNetwork } from './network.js';
import { eventLoopDelay, probed } from './servers/probe.js';
import type { Target } from './servers/target.js';
import { startUpkiTarget } from './servers/upki.js';

/** Concurrent clients: more than the server admits. */
const POOL = 1_000;
const IDLE_CONNECTIONS = 5_000;
const SLOW_CLIENTS = 200;
const OVERLOAD = 4;

/** The behaviour of uPKI under more load than it can serve, and with clients that hold connections open. */
export async function runOverload(
  network: TestNetwork,
  options: TurnOptions,
  say: (line: string) => void,
): Promise<void> {
  const delays = newFolder('bench-delays');
  const target = await startUpkiTarget(network, { env: probed({ delays }) });
  const ra = target.pids.RA ?? 0;
  try {
    const usual = await runTurn(target, network.responder, options);
    const rate = usual.seen.issued.length / usual.seconds;
    say(`usual load    ${served(usual)}`);
    await eventLoopDelay(delays, ra);

    const clients = await openClients(target, POOL);
    const before = memoryOf(ra).now;
    const flood = await offer(clients, network, OVERLOAD * rate, options.seconds);
    const delay = await eventLoopDelay(delays, ra);
    say(`${OVERLOAD} × that load  ${flood.summary}`);
    say(
      `              RA: ${before.toFixed(0)} MiB before, ${memoryOf(ra).peak.toFixed(0)} MiB at most; event loop late by at most ${delay.max.toFixed(0)} ms, 99 % within ${delay.p99.toFixed(0)} ms`,
    );
    const recovery = await recovers(clients, network, percentiles(wholes(usual)).p95);
    say(
      `recovery      a certificate takes its usual time again ${recovery.toFixed(1)} s after the load ended`,
    );
    for (const { connection } of clients) connection.close();

    const holders = await openHolders(endpointOf(target));
    const beside = await runTurn(target, network.responder, options);
    say(
      `beside ${IDLE_CONNECTIONS} idle connections, ${SLOW_CLIENTS} clients that never finish a request and ${SLOW_CLIENTS} that never read:`,
    );
    say(`              ${served(beside)}; RA ${memoryOf(ra).now.toFixed(0)} MiB`);
    for (const socket of holders) socket.destroy();
  } finally {
    await target.stop();
    await rm(delays, { recursive: true });
  }
}

const wholes = ({ seen }: Turn): number[] =>
  seen.issued.map((times) => Object.values(times).reduce((sum, time) => sum + time, 0));

function served(turn: Turn): string {
  const { p50, p99 } = percentiles(wholes(turn));
  const failed = [...turn.seen.failures.values()].reduce((sum, count) => sum + count, 0);
  return `${(turn.seen.issued.length / turn.seconds).toFixed(0)} certificates/s, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, ${failed} failed`;
}

async function openClients(target: Target, count: number): Promise<Account[]> {
  const endpoint = endpointOf(target);
  const directory = await readDirectory(target.directoryUrl, endpoint);
  const accounts = Array.from(
    { length: count },
    () => new Account(generateSigningKey(), directory, new Connection(endpoint)),
  );
  for (let at = 0; at < count; at += 16)
    await Promise.all(accounts.slice(at, at + 16).map((account) => account.register()));
  return accounts;
}

/** Starts certificates at this rate, whatever their outcome; a refused client gives up. */
async function offer(
  clients: Account[],
  network: TestNetwork,
  perSecond: number,
  seconds: number,
): Promise<{ summary: string }> {
  const csrs = new CsrMaker();
  const free = [...clients];
  const times: number[] = [];
  const refusals = { atOnce: 0, later: 0, withoutRetryAfter: 0 };
  const others = new Map<string, number>();
  const running = new Set<Promise<void>>();
  let begun = 0;
  const begin = async (account: Account): Promise<void> => {
    const name = `o${begun++}.${Date.now().toString(36)}.bench.internal`;
    const started = performance.now();
    const before = account.requests;
    try {
      await issue(account, name, csrs, network.responder);
      times.push(performance.now() - started);
    } catch (error) {
      if (error instanceof Refused && error.status === 503) {
        refusals[account.requests - before <= 2 ? 'atOnce' : 'later'] += 1;
        if (error.retryAfter === undefined) refusals.withoutRetryAfter += 1;
      } else others.set(String(error), (others.get(String(error)) ?? 0) + 1);
    } finally {
      free.push(account);
    }
  };
  const started = performance.now();
  const end = started + seconds * 1000;
  let unoffered = 0;
  for (let now = started; now < end; now = performance.now()) {
    for (let due = ((now - started) / 1000) * perSecond - begun - unoffered; due > 1; due -= 1) {
      const account = free.pop();
      if (!account) {
        unoffered += 1;
        continue;
      }
      const flow = begin(account).finally(() => running.delete(flow));
      running.add(flow);
    }
    await pause(5);
  }
  const { length: finished } = times;
  await Promise.all(running);
  const { p50, p99 } = percentiles(times);
  const failed = [...others].map(([what, count]) => `; ${count} × ${what}`).join('');
  return {
    summary:
      `${(finished / seconds).toFixed(0)} certificates/s of ${(begun / seconds).toFixed(0)} begun/s, p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms; ` +
      `refused with 503: ${refusals.atOnce} at once, ${refusals.later} later, ${refusals.withoutRetryAfter} without Retry-After${failed}`,
  };
}

/** Seconds until a certificate takes no longer than this many milliseconds. */
async function recovers(clients: Account[], network: TestNetwork, usual: number): Promise<number> {
  const [account] = clients;
  if (!account) throw new Error('there are no clients');
  const csrs = new CsrMaker(1);
  const began = performance.now();
  for (let count = 0; ; count += 1) {
    const started = performance.now();
    const name = `r${count}.${Date.now().toString(36)}.bench.internal`;
    const issued = await issue(account, name, csrs, network.responder).then(
      () => true,
      () => false,
    );
    const now = performance.now();
    if (issued && now - started <= usual) return (now - began) / 1000;
    if (now - began > 60_000) throw new Error('a minute after the load ended it is not served as before');
    await pause(50);
  }
}

async function openHolders({ address, port, servername, ca }: Endpoint): Promise<TLSSocket[]> {
  const open = () =>
    new Promise<TLSSocket>((resolve, reject) => {
      const socket = connect({ host: address, port, servername, ca });
      socket.once('secureConnect', () => resolve(socket));
      socket.once('error', reject);
      socket.on('error', () => undefined);
    });
  const holders: TLSSocket[] = [];
  const total = IDLE_CONNECTIONS + 2 * SLOW_CLIENTS;
  while (holders.length < total)
    holders.push(...(await Promise.all(Array.from({ length: Math.min(32, total - holders.length) }, open))));
  const host = `Host: ${servername}:${port}\r\n`;
  for (const socket of holders.slice(0, SLOW_CLIENTS))
    socket.write(`GET /acme/directory HTTP/1.1\r\n${host}X-Slow: `);
  for (const socket of holders.slice(SLOW_CLIENTS, 2 * SLOW_CLIENTS)) {
    socket.pause();
    socket.write(`GET /acme/directory HTTP/1.1\r\n${host}\r\n`.repeat(200));
  }
  return holders;
}
