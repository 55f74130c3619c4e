import { readFile, writeFile } from 'node:fs/promises';
import { AcmeClient } from '../../kit/acme-client.js';
import { tokenServer } from '../../kit/challenge-servers.js';
import { createCsr } from '../../kit/csr.js';

/**
 * A client in a separate process, so that it has its own clock: gets a certificate for a name by http-01 and writes it to
 * the file; on request it revokes it at once.
 */
async function main([
  directoryUrl = '',
  rootFile = '',
  name = '',
  webPort = '',
  file = '',
  what = '',
]: string[]): Promise<void> {
  const web = await tokenServer(Number(webPort));
  const client = new AcmeClient({ directoryUrl, ca: await readFile(rootFile) });
  try {
    await client.newAccount();
    const { chain } = await client.issue({
      names: [name],
      csr: createCsr([name]).der,
      solve: async ({ token, keyAuthorization }) => void web.answers.set(token, keyAuthorization),
    });
    await writeFile(file, chain);
    if (what === 'revoke') await client.revoke(chain, { reason: 1 });
  } finally {
    client.close();
    await web.close();
  }
}

await main(process.argv.slice(2));
