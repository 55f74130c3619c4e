import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { newFolder } from '../../kit/folder.js';
import { readDirectory } from '../driver/load.js';

/** A started foreign server, in a folder of its own. */
export interface Peer {
  pid: number;
  /** Ends it and deletes its folder. */
  stop(): Promise<void>;
}

export interface PeerCommand {
  program: string;
  args: string[];
  env?: Record<string, string>;
  folder: string;
  directoryUrl: string;
  /** PEM file of the root that its own certificate chains to; it may make the file at start. */
  rootFile: string;
}

export function peerFolder(name: string): string {
  return newFolder(`bench-${name}`);
}

/** Starts a server with its output in a file, as a service has it, and waits until it serves its ACME directory. */
export async function startPeer(command: PeerCommand): Promise<Peer> {
  const { program, args, env, folder, directoryUrl, rootFile } = command;
  const log = join(folder, 'output.log');
  const output = openSync(log, 'a');
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, HOME: folder, ...env },
    stdio: ['ignore', output, output],
  });
  const stop = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  const { port, hostname } = new URL(directoryUrl);
  for (let tries = 300; ; tries -= 1) {
    try {
      const ca = readFileSync(rootFile, 'utf8');
      await readDirectory(directoryUrl, {
        address: '127.0.0.1',
        port: Number(port),
        servername: hostname,
        ca,
      });
      return { pid: child.pid ?? 0, stop };
    } catch (error) {
      if (tries > 0 && child.exitCode === null && child.signalCode === null) {
        await pause(100);
        continue;
      }
      const said = readFileSync(log, 'utf8').split('\n').slice(-20).join('\n');
      await stop();
      throw new Error(`${program} does not serve ${directoryUrl}: ${error}\n${said}`);
    }
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
