import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { World } from '../../interop/world.js';
import type { AcmeClient } from '../../kit/acme-client.js';
import { tokenServer } from '../../kit/challenge-servers.js';
import type { Tools } from '../../kit/tools.js';
import { until } from '../../kit/until.js';
import { type Installation, type Known, tlsTrusts } from './installation.js';
import { heard, type Reader } from './readers.js';

/** Milliseconds within which everything follows a step: CAs and RAs look every five seconds. */
export const FOLLOWED = 40_000;

export const say = (line: string): void => void process.stdout.write(`${line}\n`);

export interface Issued {
  stage: string;
  name: string;
  /** PEM; first the chain it was issued with. */
  chains: string[];
  ari: string;
}

export interface Judge {
  world: World;
  upki: Installation;
  client: AcmeClient;
  readers: Reader[];
  tools: Tools;
  old: Issued[];
  /** Whether certbot is checked as well. */
  certbot: boolean;
  check(what: string, work: () => Promise<unknown>): Promise<void>;
}

const topOf = (chain: string): string => {
  const last = chain.slice(chain.lastIndexOf('-----BEGIN'));
  return new X509Certificate(last).issuer;
};

export async function issue({ client, world }: Judge, stage: string): Promise<Issued> {
  const name = world.name(`at-${stage.replaceAll(/\W+/g, '-')}`);
  const web = await tokenServer(world.httpPort);
  // certbot needs the port for itself afterwards, so the server is closed first.
  const { order, chain } = await client
    .issue({
      names: [name],
      order: { profile: 'webapp' },
      solve: async ({ token, keyAuthorization }) => void web.answers.set(token, keyAuthorization),
    })
    .finally(web.close);
  const answer = await client.post(order.body.certificate ?? '', '');
  const links = [answer.headers.link ?? []].flat().join(', ');
  const chains = [chain];
  for (const [, url = ''] of links.matchAll(/<([^>]+)>\s*;\s*rel="alternate"/g))
    chains.push(await client.download(url));
  const leaf = new X509Certificate(chain);
  const authorityKeyId = /X509v3 Authority Key Identifier:\s+(?:keyid:)?([0-9A-F:]+)/.exec(
    await world.run('openssl', ['x509', '-in', await world.file('ari.pem', chain), '-noout', '-text']),
  )?.[1];
  const part = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');
  const serial = /^[89A-F]/.test(leaf.serialNumber) ? `00${leaf.serialNumber}` : leaf.serialNumber;
  return { stage, name, chains, ari: `${part((authorityKeyId ?? '').replaceAll(':', ''))}.${part(serial)}` };
}

async function crlsOf({ upki, world }: Judge): Promise<string> {
  const signing = (await upki.known()).filter(({ kind }) => kind !== 'cross');
  const lists = await Promise.all(
    signing.map(async ({ id }) => {
      const der = await upki.plain(`/crl/${id}.crl`);
      const file = await world.file(`${id}.crl.b64`, der.toString('base64'));
      return world.run('sh', ['-c', `base64 -d ${file} | openssl crl -inform DER`]);
    }),
  );
  return lists.join('');
}

/** Every reader that trusts only this root accepts the certificate, by one of the chains it was issued with. */
async function readAll(
  judge: Judge,
  { name, chains, stage }: Issued,
  root: Known,
  crls: string,
): Promise<void> {
  const subject = new X509Certificate(root.certificate).subject;
  const chain = chains.find((each) => topOf(each) === subject);
  await judge.check(`a certificate of "${stage}" has a chain to ${root.dn}`, async () => assert.ok(chain));
  if (chain === undefined) return;
  for (const reader of judge.readers) {
    await judge.check(`${reader.name} takes it`, async () =>
      assert.equal(await heard(reader, { chain, root: root.certificate, crls, name }), 'good'),
    );
  }
}

/** The checks of every stage: `roots` are published, the one in use first. */
export async function stage(judge: Judge, what: string, roots: number): Promise<Issued> {
  const { upki, old } = judge;
  say(`\n${what}`);
  const live = await upki.liveRoots();
  const bundle = live.map(({ certificate }) => certificate).join('');
  const admin = await upki.admin();
  await judge.check(`${roots} root${roots === 1 ? ' is' : 's are'} given out`, async () =>
    assert.equal(live.length, roots),
  );
  for (const ra of [0, 1]) {
    const name = `RA ${ra + 1}`;
    await judge.check(`${name} gives out and keeps the same roots`, () =>
      until(FOLLOWED, async () => {
        const given = (await upki.fromRa(ra, '/api/v1/public/ca', bundle)).toString('latin1');
        assert.deepEqual(blocks(given), blocks(bundle));
        const kept = await readFile(join(upki.cluster.folder, `ra${ra + 1}`, 'ca.crt'), 'latin1');
        assert.deepEqual(blocks(kept), blocks(bundle));
      }),
    );
    // The next root is for clients that already have it; from the switch on the RA's own certificate chains to it.
    for (const root of live.filter(({ state }) => state !== 'next')) {
      await judge.check(`${name} is trusted by who has ${root.dn} alone`, () =>
        until(FOLLOWED, () => tlsTrusts(upki.cluster.portOf(ra), root.certificate)),
      );
    }
    await judge.check(
      `${name} takes the administrator's certificate of before, and says what there is`,
      async () => {
        const answer = JSON.parse(
          (await upki.fromRa(ra, '/api/v1/private/authority', bundle, admin)).toString('utf8'),
        );
        assert.equal(answer.status, 'success');
      },
    );
  }
  const issued = await issue(judge, what);
  const crls = await crlsOf(judge);
  for (const root of live) await readAll(judge, issued, root, crls);
  const all = await upki.known();
  for (const each of old) {
    const top = topOf(each.chains[0] ?? '');
    const root = all.find(
      ({ kind, certificate }) => kind === 'root' && new X509Certificate(certificate).subject === top,
    );
    if (root !== undefined) await readAll(judge, each, root, crls);
  }
  if (judge.certbot) await certbotChooses(judge, live);
  old.push(issued);
  // Repeated checks at each stage need not cover everything.
  old.splice(0, Math.max(0, old.length - 2));
  return issued;
}

const blocks = (pem: string): string[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).sort();

/** certbot, given a preferred root, gets the chain to that root. */
async function certbotChooses({ world, check, tools }: Judge, live: readonly Known[]): Promise<void> {
  const program = await tools.pip('certbot');
  for (const [index, root] of live.entries()) {
    const { subject } = new X509Certificate(root.certificate);
    const cn = /CN=(.+)/.exec(subject)?.[1] ?? '';
    const name = world.name(`bot-${Date.now()}-${index}`);
    await check(`certbot gets the chain to ${cn}`, async () => {
      await world.run(program, [
        ...[
          'certonly',
          '--standalone',
          '--http-01-port',
          String(world.httpPort),
          '--http-01-address',
          '127.0.0.1',
        ],
        ...['--config-dir', 'config', '--work-dir', 'work', '--logs-dir', 'logs'],
        ...[
          '--server',
          world.authority.directoryUrl,
          '--non-interactive',
          '--agree-tos',
          '-m',
          'a@judge.internal',
          '--no-eff-email',
        ],
        ...['--preferred-chain', cn, '-d', name],
      ]);
      const chain = await world.read(`config/live/${name}/fullchain.pem`);
      assert.equal(topOf(chain.trimEnd()), subject);
    });
  }
}
