import { X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { serialOf } from '../../interop/checks.js';
import type { UpkiAuthority } from '../../interop/upki.js';
import type { World } from '../../interop/world.js';
import { AcmeClient } from '../../kit/acme-client.js';
import { caChannel } from '../../kit/ca-channel.js';
import { tokenServer } from '../../kit/challenge-servers.js';
import { createCsr } from '../../kit/csr.js';

/** Lifetime of the certificate that must be seen as expired: OpenSSL's clock counts whole seconds. */
const SHORT_LIFE = 4_000;

export const STATES = ['good', 'revoked', 'on hold', 'expired'] as const;
export type State = (typeof STATES)[number];

/** A certificate with its key, in PEM files. */
export interface Subject {
  state: State | 'server';
  /** The DNS name it is for. */
  name: string;
  leaf: string;
  /** Leaf and issuer. */
  chain: string;
  key: string;
  /** Chain and key in one file. */
  bundle: string;
}

/** The files a verifier is configured with. */
export interface Material {
  world: World;
  root: string;
  issuer: string;
  /** Issuer and root: a CA bundle, or chain file. */
  trusted: string;
  /** PEM: the CRLs of issuer and root from the URLs in their certificates, or only the issuer's. */
  crls: string;
  /** The same, each in DER. */
  derCrls: string[];
  /** A good certificate for the verifier's own listener. */
  server: Subject;
}

/** A certificate in each state, from ACME, for TLS servers and clients. */
export async function makeSubjects(
  world: World,
  { upki }: UpkiAuthority,
): Promise<Record<Subject['state'], Subject>> {
  const web = await tokenServer(world.httpPort);
  const client = new AcmeClient({ directoryUrl: upki.directoryUrl, ca: upki.rootPem });
  const ca = await caChannel(upki);
  try {
    await client.newAccount();
    const made = new Map<string, Subject>();
    let end = 0;
    for (const state of ['server', ...STATES] as const) {
      const name = world.name(state.replace(' ', '-'));
      const csr = createCsr([name]);
      if (state === 'expired') end = Date.now() + SHORT_LIFE;
      const { chain } = await client.issue({
        names: [name],
        csr: csr.der,
        order: {
          profile: 'webapp',
          ...(state === 'expired' && { notAfter: new Date(end).toISOString() }),
        },
        solve: async ({ token, keyAuthorization }) => void web.answers.set(token, keyAuthorization),
      });
      const leaf = chain.slice(0, chain.indexOf('-----BEGIN', 1));
      const key = csr.key.export({ type: 'pkcs8', format: 'pem' }).toString();
      const file = (part: string, text: string) => world.file(`${state.replace(' ', '-')}-${part}.pem`, text);
      made.set(state, {
        state,
        name,
        leaf: await file('leaf', leaf),
        chain: await file('chain', chain),
        key: await file('key', key),
        bundle: await file('bundle', chain + key),
      });
      if (state === 'revoked') await client.revoke(leaf, { reason: 4 });
      if (state === 'on hold')
        await ca.tasks.call('revoke', { dn: `0x${serialOf(chain)}`, reason: 'certificateHold' });
    }
    await pause(Math.max(0, end + 1_000 - Date.now()));
    return Object.fromEntries(made) as Record<Subject['state'], Subject>;
  } finally {
    await web.close();
    ca.close();
    client.close();
  }
}

/** Fetches CRLs from the URLs in the certificates, as a cron job would. */
export async function fetchMaterial(
  world: World,
  server: Subject,
  { withoutRootCrl = false } = {},
): Promise<Material> {
  const chain = await readFile(server.chain, 'utf8');
  const issuer = await world.file('issuer.pem', chain.slice(chain.indexOf('-----BEGIN', 1)));
  const root = await world.file('trusted-root.pem', world.authority.root);
  const trusted = await world.file('trusted.pem', world.authority.root + (await readFile(issuer, 'utf8')));
  const asked = [server.leaf, ...(withoutRootCrl ? [] : [issuer])];
  const derCrls = await Promise.all(asked.map((file, index) => fetchCrl(world, file, `crl-${index}.der`)));
  const pems = derCrls.map((file) => world.run('openssl', ['crl', '-inform', 'DER', '-in', file]));
  const crls = await world.file('crls.pem', (await Promise.all(pems)).join(''));
  return { world, root, issuer, trusted, crls, derCrls, server };
}

async function fetchCrl(world: World, certificate: string, to: string): Promise<string> {
  const points = await world.run('openssl', [
    ...['x509', '-in', certificate, '-noout', '-ext', 'crlDistributionPoints'],
  ]);
  const url = /URI:(\S+)/.exec(points)?.[1];
  const { subject } = new X509Certificate(await readFile(certificate));
  if (url === undefined) throw new Error(`the certificate of ${subject} does not say where its CRL is`);
  const answer = await fetch(url);
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
  const path = join(world.folder, to);
  await writeFile(path, Buffer.from(await answer.arrayBuffer()));
  return path;
}
