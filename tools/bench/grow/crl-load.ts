import { rm } from 'node:fs/promises';
import { get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { newFolder } from '../../kit/folder.js';
import { generateSigningKey } from '../../kit/jws-signer.js';
import { Account } from '../driver/account.js';
import { Connection } from '../driver/connection.js';
import { CsrMaker } from '../driver/csr-maker.js';
import { certificateOf } from '../driver/flow.js';
import { endpointOf, Load, readDirectory } from '../driver/load.js';
import { median, percentiles } from '../measure/percentiles.js';
import type { TestNetwork } from '../network.js';
import type { EventLoopDelay } from '../probe.js';
import { eventLoopDelay, probed } from '../servers/probe.js';
import type { Target } from '../servers/target.js';
import { startUpkiTarget } from '../servers/upki.js';

/** Verifiers that fetch the CRL continuously. */
const VERIFIERS = 4;

/**
 * How long the event loops of RA and CA are delayed while certificates are issued at full speed, one is revoked every
 * second (each time the CA makes a new CRL with all revocations), and verifiers fetch the CRL continuously.
 */
export async function crlUnderLoad(
  dataDir: string,
  network: TestNetwork,
  options: { clients: number; seconds: number },
  say: (line: string) => void,
): Promise<void> {
  const delays = newFolder('bench-delays');
  const target = await startUpkiTarget(network, { dataDir, env: probed({ delays }) });
  const load = new Load(target, network.responder, options.clients, `crl-${Date.now().toString(36)}`);
  try {
    await load.start();
    await pause(3_000);
    const late = async () => {
      const [ra, ca] = [target.pids.RA ?? 0, target.pids.CA ?? 0];
      return [
        `  RA: ${words(await eventLoopDelay(delays, ra))}`,
        `  CA: ${words(await eventLoopDelay(delays, ca))}`,
      ].join('\n');
    };
    await late();
    await pause(options.seconds * 1000);
    say(`event loops, issuing only\n${await late()}`);
    const ending = { yes: false };
    const [revocations, ...fetches] = await Promise.all([
      revokeEverySecond(target, network, ending),
      ...Array.from({ length: VERIFIERS }, () => fetchOverAndOver(target, ending)),
      pause(options.seconds * 1000).then(() => {
        ending.yes = true;
        return [];
      }),
    ]);
    const all = fetches.flat();
    const fetched = all.filter(({ bytes }) => bytes !== null);
    const sizes = fetched.map(({ bytes }) => bytes ?? 0);
    const times = fetched.map(({ ms }) => ms);
    say(`event loops, issuing, CRLs made and served\n${await late()}`);
    say(
      `  ${revocations} revocations; ${all.length - fetched.length} requests for a CRL answered with 503; ${sizes.length} CRLs of ${(median(sizes) / 1e6).toFixed(1)} MB fetched, p50 ${percentiles(times).p50.toFixed(0)} ms, p99 ${percentiles(times).p99.toFixed(0)} ms`,
    );
  } finally {
    await load.stop();
    await target.stop();
    await rm(delays, { recursive: true });
  }
}

function words({ max, p99, longestTurn, turnsAbove20 }: EventLoopDelay): string {
  const late = `late by at most ${max.toFixed(0)} ms (99 % within ${p99.toFixed(1)})`;
  return `${late}, longest turn ${longestTurn.toFixed(1)} ms of CPU (${turnsAbove20} above 20)`;
}

async function revokeEverySecond(
  target: Target,
  network: TestNetwork,
  ending: { yes: boolean },
): Promise<number> {
  const endpoint = endpointOf(target);
  const directory = await readDirectory(target.directoryUrl, endpoint);
  const account = new Account(generateSigningKey(), directory, new Connection(endpoint));
  await account.register();
  const csrs = new CsrMaker(1);
  let count = 0;
  for (; !ending.yes; count += 1) {
    const name = `r${count}.${Date.now().toString(36)}.bench.internal`;
    const chain = await certificateOf(account, name, csrs, network.responder);
    const der = Buffer.from(chain.split('-----')[2] ?? '', 'base64').toString('base64url');
    // Superseded: the next certificate could not use a key that was revoked as compromised.
    await account.post(directory.revokeCert, { certificate: der, reason: 4 });
    await pause(1_000);
  }
  account.connection.close();
  return count;
}

async function fetchOverAndOver(
  { crlUrl }: Target,
  ending: { yes: boolean },
): Promise<{ bytes: number | null; ms: number }[]> {
  const fetched: { bytes: number | null; ms: number }[] = [];
  while (!ending.yes && crlUrl !== undefined) {
    const began = performance.now();
    const bytes = await sizeOf(crlUrl);
    fetched.push({ bytes, ms: performance.now() - began });
    await pause(100);
  }
  return fetched;
}

/** Null when the RA is too busy: 503. */
function sizeOf(url: string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    get(url, (answer) => {
      let bytes = 0;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(bytes);
        else if (answer.statusCode === 503) resolve(null);
        else reject(new Error(`${url}: ${answer.statusCode}`));
      });
    }).on('error', reject);
  });
}
