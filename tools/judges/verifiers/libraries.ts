import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { World } from '../../interop/world.js';
import { NotInstallable, onPath, type Tools } from '../../kit/tools.js';
import { CHECKOUT } from '../../kit/upki.js';
import type { Material, Subject } from './material.js';
import { type Verdict, type Verifier, verdictIn } from './verifier.js';

const HERE = join(CHECKOUT, 'tools/judges');

/** The output of a program, whatever its exit code. */
const said = (world: World, command: string, ...args: string[]) =>
  world.run('sh', ['-c', '"$@" 2>&1 || true', 'sh', command, ...args]);

/** The verdict of a program that prints a certain line for a good certificate. */
async function judged(output: Promise<string>, good: RegExp): Promise<Verdict> {
  const text = await output;
  return good.test(text) ? 'good' : verdictIn(text);
}

export async function openssl(): Promise<Verifier[]> {
  const verify = (material: Material, subject: Subject, ...how: string[]) => {
    const { world, root, issuer } = material;
    const trust = ['-CAfile', root, '-no-CApath', '-no-CAstore', '-untrusted', issuer];
    const name = ['-verify_hostname', subject.name];
    const output = said(world, 'openssl', 'verify', '-x509_strict', ...trust, ...name, ...how, subject.leaf);
    return judged(output, /^\S+: OK$/m);
  };
  return [
    {
      ...{ name: 'OpenSSL -crl_check', depth: 'leaf' },
      open: async (material) => ({
        judge: (subject) => verify(material, subject, '-crl_check', '-CRLfile', material.crls),
      }),
    },
    {
      ...{ name: 'OpenSSL -crl_check_all', depth: 'chain', needsEveryCrl: true },
      open: async (material) => ({
        judge: (subject) => verify(material, subject, '-crl_check_all', '-CRLfile', material.crls),
      }),
    },
    {
      // It also requires a CRL about the root itself, whose URL no root contains: only the leaf's CRL is fetched.
      ...{ name: 'OpenSSL -crl_check -crl_download', depth: 'leaf' },
      open: async (material) => ({
        judge: (subject) => verify(material, subject, '-crl_check', '-crl_download'),
      }),
    },
    {
      ...{ name: 'curl --crlfile', depth: 'chain', needsEveryCrl: true },
      open: async (material) => ({
        judge: (subject) =>
          served(subject, (port) => {
            const there = [
              '--resolve',
              `${subject.name}:${port}:127.0.0.1`,
              `https://${subject.name}:${port}/`,
            ];
            const trust = ['--cacert', material.root, '--crlfile', material.crls];
            return judged(said(material.world, 'curl', '-sS', ...trust, ...there), /^hello$/m);
          }),
      }),
    },
  ];
}

export async function gnutls(tools: Tools): Promise<Verifier[]> {
  const certtool = await tools.apt('gnutls-bin', 'certtool');
  const client = await tools.apt('gnutls-bin', 'gnutls-cli');
  return [
    {
      ...{ name: 'GnuTLS certtool', depth: 'chain' },
      open: async ({ world, root, crls }) => ({
        judge(subject) {
          const trust = ['--load-ca-certificate', root, '--load-crl', crls];
          const about = ['--verify-hostname', subject.name, '--infile', subject.chain];
          const output = said(world, certtool, '--verify', ...trust, ...about);
          return judged(output, /^Chain verification output: Verified\. The certificate is trusted\./m);
        },
      }),
    },
    {
      // It accepts CRLs only of the CAs in its file.
      ...{ name: 'GnuTLS gnutls-cli', depth: 'chain' },
      open: async ({ world, trusted, crls }) => ({
        judge: (subject) =>
          served(subject, (port) => {
            const trust = ['--x509cafile', trusted, '--x509crlfile', crls];
            const there = ['--sni-hostname', subject.name, '--verify-hostname', subject.name];
            const output = said(world, client, ...trust, ...there, '-p', String(port), '127.0.0.1');
            return judged(output, /^- Status: The certificate is trusted\.\s*$/m);
          }),
      }),
    },
  ];
}

/** The library of Firefox and Thunderbird, with its own tools. */
export async function nss(tools: Tools): Promise<Verifier[]> {
  const certutil = await tools.apt('libnss3-tools', 'certutil');
  const crlutil = await tools.apt('libnss3-tools', 'crlutil');
  const vfychain = await tools.apt('libnss3-tools', 'vfychain');
  const verify = async (
    { world, root, issuer }: Material,
    database: string,
    types: string[],
    subject: Subject,
  ) => {
    const certificates = ['-a', subject.leaf, issuer, '-t', '-a', root];
    const output = said(world, vfychain, '-d', database, '-pp', '-u', '1', ...types, ...certificates);
    return judged(output, /^Chain is good!$/m);
  };
  const made = async ({ world, root, issuer, derCrls }: Material): Promise<string> => {
    const database = `sql:${world.folder}/nss-${Date.now()}`;
    await world.run('mkdir', ['-p', database.slice(4)]);
    await world.run(certutil, ['-N', '-d', database, '--empty-password']);
    await world.run(certutil, ['-A', '-d', database, '-n', 'root', '-t', 'CT,,', '-i', root]);
    await world.run(certutil, ['-A', '-d', database, '-n', 'issuer', '-t', ',,', '-i', issuer]);
    for (const crl of derCrls) await world.run(crlutil, ['-I', '-d', database, '-t', '1', '-B', '-i', crl]);
    return database;
  };
  const types = (method: string) =>
    ['leaf', 'chain'].flatMap((which) => ['-g', which, '-m', method, '-s', 'failIfNoInfo']);
  return [
    {
      ...{ name: 'NSS vfychain, CRL', depth: 'chain' },
      async open(material) {
        const database = await made(material);
        return { judge: (subject) => verify(material, database, types('crl'), subject) };
      },
    },
    {
      ...{ name: 'NSS vfychain, OCSP', depth: 'chain' },
      async open(material) {
        const database = await made({ ...material, derCrls: [] });
        return { judge: (subject) => verify(material, database, types('ocsp'), subject) };
      },
    },
  ];
}

/** Java's PKIX, which fetches the URLs in the certificates. */
export async function java(): Promise<Verifier[]> {
  const program = onPath('java');
  if (!program) throw new NotInstallable('there is no java on this machine');
  const asking = (way: 'ocsp' | 'crl', depth: 'leaf' | 'chain'): Verifier => ({
    name: `Java PKIX, ${way.toUpperCase()}, ${depth}`,
    depth,
    open: async ({ world, root }) => ({
      judge({ chain }) {
        const options = way === 'crl' ? ['-Dcom.sun.security.enableCRLDP=true'] : [];
        const what = [join(HERE, 'revocation/Pkix.java'), way, depth, chain, root];
        return judged(said(world, program, ...options, ...what), /^good$/m);
      },
    }),
  });
  return [asking('ocsp', 'chain'), asking('crl', 'chain')];
}

/** Rust's rustls: with CRLs it checks the whole chain, unless configured otherwise. */
export async function rustls(tools: Tools): Promise<Verifier[]> {
  const { program } = await tools.cargo(join(HERE, 'verifiers/rustls'), 'rustls-verifier', 'rustls');
  return [
    {
      ...{ name: 'rustls', depth: 'chain', needsEveryCrl: true },
      open: async ({ world, root, crls }) => ({
        judge: ({ chain, name }) => judged(said(world, program, root, crls, chain, name), /^good$/m),
      }),
    },
  ];
}

/** A TLS server with the subject's certificate, open during the call. */
async function served<T>(subject: Subject, look: (port: number) => Promise<T>): Promise<T> {
  const [cert, key] = await Promise.all([readFile(subject.chain), readFile(subject.key)]);
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n';
  const server = createServer({ cert, key }, (socket) => {
    socket.on('error', () => undefined);
    socket.end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  try {
    if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
    return await look(address.port);
  } finally {
    server.close();
  }
}
