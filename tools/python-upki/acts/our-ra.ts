import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { AcmeError, type Located, type OrderBody } from '../../kit/acme-bodies.js';
import { AcmeClient } from '../../kit/acme-client.js';
import { createCsr } from '../../kit/csr.js';
import { serveWebRoot } from '../../kit/web-root.js';
import { serialOf } from '../scene.js';
import { check, type Stage, stop } from '../stage.js';
import { directory } from './python-alone.js';

/** Our RA with the Python CA: the first half of the migration. */
export async function ourRa(stage: Stage): Promise<void> {
  const { scene, seed, root, running, certbot, step } = stage;
  const server = directory(scene.ports.ra);
  const name = 'web.ours.interop';
  await step('our RA registers at the Python CA, which makes its key, and serves', async () => {
    running.set('our-ra', await scene.startRa(seed));
    const saved = await readFile(join(scene.folder, 'our-ra/ca.crt'), 'utf8');
    check(saved.trim() === (await readFile(root, 'utf8')).trim(), 'it has another root');
  });
  await step('it lists the profiles of that CA', async () => {
    const { meta } = JSON.parse(String(await fetchFrom(server, root)));
    const names = Object.keys(meta.profiles);
    check(names.join() === 'server,webapp', `it offers ${names}`);
  });
  await step('lego obtains a certificate by http-01, and renews it', async () => {
    await scene.runLego(server, root, name, 'run');
    await scene.verify(await scene.certificate(name), name, root);
    stage.kept.set('replaced', await scene.certificate(name));
    await scene.runLego(server, root, name, 'renew', '--days', '1000', '--no-random-sleep');
    await scene.verify(await scene.certificate(name), name, root);
    check((await scene.certificate(name)) !== stage.kept.get('replaced'), 'it is the same certificate');
  });
  await step('lego revokes it, and it is on the CRL that our RA serves', async () => {
    const crl = () => fetchFrom(`https://127.0.0.1:${scene.ports.ra}/api/v1/public/crl`, root);
    const chain = await scene.certificate(name);
    stage.kept.set('revoked', chain);
    check(!(await scene.isRevoked(await crl(), chain, root)), 'it is revoked already');
    await scene.runLego(server, root, name, 'revoke', '--reason', '4');
    check(await scene.isRevoked(await crl(), chain, root), 'it is not on the CRL');
  });
  await step(
    'a CSR without Common Name is badCSR and the order stays ready; a superseded certificate is 501',
    () => withoutCommonName(stage, server),
  );
  if (certbot !== null) {
    await step('certbot, whose CSR has no Common Name, is told so', async () => {
      const folders = ['--config-dir', 'certbot', '--work-dir', 'certbot', '--logs-dir', 'certbot'];
      const said = await scene.refused(
        certbot,
        [
          ...['certonly', ...folders, '--server', server, '--non-interactive', '--agree-tos'],
          ...['-m', 'admin@ours.interop', '--no-eff-email', '--standalone'],
          ...['--http-01-port', String(scene.ports.web), '--http-01-address', '127.0.0.1'],
          ...['-d', 'certbot.ours.interop'],
        ],
        { HOME: scene.folder, REQUESTS_CA_BUNDLE: root },
      );
      check(/has no Common Name/.test(said), said);
    });
  }
  await step(
    'REST answers what that CA or its own records can, and names the task that is missing for the rest',
    async () => {
      const rest = `https://127.0.0.1:${scene.ports.ra}/api/v1/public`;
      for (const path of ['health?ready', 'ca', 'crl', 'profiles', 'profiles/server']) {
        await fetchFrom(`${rest}/${path}`, root);
      }
      const lacking = { certs: 'list_certificates', 'certs/web.ours.interop': 'certificate_history' };
      for (const [path, task] of Object.entries(lacking)) {
        const answer = await fetchFrom(`${rest}/${path}`, root).catch(String);
        check(/answered 501: /.test(String(answer)) && String(answer).includes(task), String(answer));
      }
      const serial = serialOf(stage.kept.get('revoked') ?? '').toLowerCase();
      const { data } = JSON.parse(String(await fetchFrom(`${rest}/ocsp`, root, { serial: `0x${serial}` })));
      check(data.status === 'revoked', JSON.stringify(data));
    },
  );
  await step('our RA ends', () => stop(stage, 'our-ra'));
}

async function withoutCommonName({ scene, root }: Stage, server: string): Promise<void> {
  const acme = new AcmeClient({ directoryUrl: server, ca: await readFile(root, 'utf8') });
  const closeWeb = await serveWebRoot(scene.folder, scene.ports.web);
  const prove = async (name: string) => {
    const order = await acme.newOrder([name]);
    const [authorization = ''] = order.body.authorizations;
    const { challenges } = await acme.authz(authorization);
    const challenge = challenges.find(({ type }) => type === 'http-01');
    if (challenge === undefined) throw new Error('there is no http-01 challenge');
    await writeFile(join(scene.folder, challenge.token), acme.keyAuthorization(challenge.token));
    await acme.respond(challenge.url);
    await acme.poll<OrderBody>(order.url, ({ status }) => status !== 'pending');
    return order;
  };
  const issue = async (name: string, order: Located<OrderBody>) => {
    await acme.finalize(order, createCsr([name], { commonName: name }).der);
    const { certificate = '' } = await acme.poll<OrderBody>(
      order.url,
      ({ status }) => status !== 'processing',
    );
    return acme.download(certificate);
  };
  try {
    await acme.newAccount();
    const name = 'nameless.ours.interop';
    const order = await prove(name);
    const refused = await refusal(acme.finalize(order, createCsr([name]).der));
    check(refused.type === 'badCSR' && /Common Name/.test(refused.message), refused.message);
    const { status } = await acme.order(order.url);
    check(status === 'ready', `the order is ${status} afterwards`);
    const first = await issue(name, order);
    // That CA always revokes the newest certificate of a name: our RA must prevent that.
    await issue(name, await prove(name));
    const unable = await refusal(acme.revoke(first));
    check(unable.status === 501 && /revoke_serial/.test(unable.message), unable.message);
  } finally {
    acme.close();
    await closeWeb();
  }
}

async function refusal(answer: Promise<unknown>): Promise<AcmeError> {
  try {
    await answer;
  } catch (error) {
    if (error instanceof AcmeError) return error;
    throw error;
  }
  throw new Error('the RA should have refused');
}

/** The body of a GET, or of a POST of JSON, whose status must be 200. */
export function fetchFrom(url: string, root: string, posted?: object): Promise<Buffer> {
  return readFile(root, 'utf8').then(
    (ca) =>
      new Promise((resolve, reject) => {
        const method = posted === undefined ? 'GET' : 'POST';
        const headers = posted === undefined ? {} : { 'content-type': 'application/json' };
        const asked = request(url, { ca, agent: false, method, headers }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('error', reject);
          answer.on('end', () => {
            const body = Buffer.concat(chunks);
            if (answer.statusCode === 200) resolve(body);
            else reject(new Error(`${url} answered ${answer.statusCode}: ${body}`));
          });
        });
        asked.on('error', reject).end(posted === undefined ? '' : JSON.stringify(posted));
      }),
  );
}
