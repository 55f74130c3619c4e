import { readFile } from 'node:fs/promises';
import { get } from 'node:https';
import { installPebble, type PebbleInstallation, startPebble } from '../kit/pebble.js';
import type { Tools } from '../kit/tools.js';
import type { Authority, Validation } from './authority.js';

/** Milliseconds until it must respond. */
const START_LIMIT = 10_000;

/**
 * Let's Encrypt's test server instead of uPKI: a failure against both is the fault of the client or of this script. Pebble
 * signs no CRL; its management interface reports revocations.
 */
export async function pebbleAuthority(tools: Tools) {
  const installation = await installPebble(tools);
  return (validation: Validation, folder: string) => start(installation, validation, folder);
}

async function start(
  installation: PebbleInstallation,
  validation: Validation,
  folder: string,
): Promise<Authority> {
  const pebble = await startPebble(installation, validation, folder);
  const { process, directoryUrl, managementUrl, rootFile } = pebble;
  const ca = await readFile(rootFile, 'utf8');
  const ask = (path: string) => fetchText(`${managementUrl}${path}`, ca);
  return {
    directoryUrl,
    serverRoot: rootFile,
    root: await process.whenAnswers(START_LIMIT, () => ask('/roots/0')),
    async isRevoked(serial) {
      return (await ask(`/cert-status-by-serial/${serial}`)).includes('"Revoked"');
    },
    stop: () => process.kill(),
  };
}

function fetchText(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, async (answer) => {
      let text = '';
      for await (const chunk of answer.setEncoding('utf8')) text += chunk;
      resolve(text);
    }).on('error', reject);
  });
}
