import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { newFolder } from '../../kit/folder.js';
import type { RunningProcess } from '../../kit/process.js';
import { readDirectory } from '../driver/load.js';

/** Milliseconds until it must serve. */
const START_LIMIT = 30_000;

/** A started foreign server, in a folder of its own. */
export interface Peer {
  pid: number;
  /** Ends it and deletes its folder. */
  stop(): Promise<void>;
}

export interface StartedPeer {
  process: RunningProcess;
  folder: string;
  directoryUrl: string;
  /** PEM file of the root that its own certificate chains to; it may make the file at start. */
  rootFile: string;
}

export function peerFolder(name: string): string {
  return newFolder(`bench-${name}`);
}

/** Waits until a server serves its ACME directory. It writes its output to a file, as a service does. */
export async function peerOf({ process, folder, directoryUrl, rootFile }: StartedPeer): Promise<Peer> {
  const stop = async () => {
    await process.kill();
    await rm(folder, { recursive: true, force: true });
  };
  const { port, hostname } = new URL(directoryUrl);
  const address = { address: '127.0.0.1', port: Number(port), servername: hostname };
  try {
    await process.whenAnswers(START_LIMIT, () =>
      readDirectory(directoryUrl, { ...address, ca: readFileSync(rootFile, 'utf8') }),
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: process.pid, stop };
}
