import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { initCaFiles } from '../../../src/ca/folder/files.js';
import { RunningProcess } from '../../kit/process.js';
import type { Tools } from '../../kit/tools.js';
import { freePorts } from '../../kit/upki.js';
import { peerFolder, peerOf } from './peer.js';
import type { Network, Target } from './target.js';

const VERSION = 'v0.30.2';

/** Smallstep's CA with the database of `step ca init`, badger v2, which syncs every write. */
export async function startStepCa(network: Network, tools: Tools): Promise<Target> {
  const program = await tools.go('github.com/smallstep/certificates/cmd/step-ca', VERSION, 'step-ca');
  const folder = peerFolder('step-ca');
  const pki = join(folder, 'pki');
  // A root, and a P-256 issuer like the one of its own `init`.
  await initCaFiles({
    dataDir: pki,
    company: 'bench',
    keyType: 'ec',
    passphrase: null,
    imported: null,
    seed: null,
    clock: Date.now,
  });
  const [port = 0] = await freePorts(1);
  const rootFile = join(pki, 'ca.crt');
  const config = {
    root: rootFile,
    crt: join(pki, 'issuer.crt'),
    key: join(pki, 'issuer.key'),
    address: `127.0.0.1:${port}`,
    dnsNames: ['localhost'],
    logger: { format: 'text' },
    db: { type: 'badgerv2', dataSource: join(folder, 'db') },
    authority: { provisioners: [{ type: 'ACME', name: 'acme' }] },
  };
  await writeFile(join(folder, 'ca.json'), JSON.stringify(config));
  const directoryUrl = `https://localhost:${port}/acme/acme/directory`;
  const args = [`--resolver=${network.dns}`, '--insecure', `--acme-http-port=${network.httpPort}`];
  const process = new RunningProcess(program, [join(folder, 'ca.json'), ...args], {
    cwd: folder,
    env: { HOME: folder },
    log: join(folder, 'output.log'),
  });
  const peer = await peerOf({ process, folder, directoryUrl, rootFile });
  return {
    name: 'step-ca',
    version: VERSION,
    state: 'durable',
    directoryUrl,
    serverRoot: await readFile(rootFile, 'utf8'),
    identifiers: 'dns',
    pids: { 'step-ca': peer.pid },
    stop: peer.stop,
  };
}
