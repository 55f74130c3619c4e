import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { AcmeClient } from '../../kit/acme-client.js';
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
  const answers = new Map<string, string>();
  const web = createServer((request, response) => {
    const answer = answers.get(request.url?.split('/').at(-1) ?? '');
    response.writeHead(answer === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((resolve) => web.listen(Number(webPort), '127.0.0.1', resolve));
  const client = new AcmeClient({ directoryUrl, ca: await readFile(rootFile) });
  try {
    await client.newAccount();
    const { chain } = await client.issue({
      names: [name],
      csr: createCsr([name]).der,
      solve: async ({ token, keyAuthorization }) => void answers.set(token, keyAuthorization),
    });
    await writeFile(file, chain);
    if (what === 'revoke') await client.revoke(chain, { reason: 1 });
  } finally {
    client.close();
    web.close();
  }
}

await main(process.argv.slice(2));
