import { appendFile, writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { type RunningUpki, runUpki, startUpki } from '../kit/upki.js';
import type { Authority, Validation } from './authority.js';
import { serialOf } from './checks.js';
import { isOnCrl } from './crl.js';

export interface UpkiAuthority extends Authority {
  upki: RunningUpki;
}

/** A fresh uPKI, both programs, with real listeners. */
export async function startUpkiAuthority(
  validation: Validation,
  folder: string,
  env: Record<string, string> = {},
): Promise<UpkiAuthority> {
  const log = join(folder, 'upki.log');
  const upki = await startUpki({
    env: {
      UPKI_VA_RESOLVERS: validation.dns,
      UPKI_VA_HTTP_PORT: String(validation.httpPort),
      UPKI_VA_TLS_PORT: String(validation.tlsPort),
      ...env,
    },
    onOutput: (line) => void appendFile(log, `${line}\n`),
  });
  const { directoryUrl, rootPem: root, baseUrl } = upki;
  const operator = (...command: string[]) => runUpki([...command, '--dir', upki.dataDir]);
  return {
    upki,
    directoryUrl,
    serverRoot: upki.rootPath,
    root,
    async isRevoked(serial, chain) {
      const crl = join(folder, 'crl.der');
      await writeFile(crl, await download(`${baseUrl}/api/v1/public/crl`, root));
      return isOnCrl(crl, serial, chain, folder);
    },
    async persistValue(name, account) {
      const line = await operator('node', 'dns-record', name, '--account', account);
      const value = /^_validation-persist\.\S+ \d+ IN TXT "([^"]+)"$/m.exec(line)?.[1];
      if (value === undefined) throw new Error(`upki node dns-record said: ${line}`);
      return value;
    },
    async revokeAsOperator(chain) {
      await operator('cert', 'revoke', serialOf(chain), '--reason', 'superseded', '--yes');
    },
    async stop() {
      const code = await upki.stop();
      if (code !== 0) throw new Error(`uPKI ended with code ${code}`);
    },
  };
}

export function download(url: string, ca: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new Error(`${url} answered ${answer.statusCode}`));
      });
    }).on('error', reject);
  });
}
