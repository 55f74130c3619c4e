import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connects } from '../../kit/connects.js';
import type { RunningProcess } from '../../kit/process.js';
import type { Tools } from '../../kit/tools.js';
import { freePorts } from '../../kit/upki.js';
import type { Material, Subject } from './material.js';
import { type Opened, type Verdict, type Verifier, verdictIn } from './verifier.js';

/** Milliseconds within which a server must listen. */
const START_LIMIT = 10_000;
const MODULES = '/usr/lib/apache2/modules';

/** Servers that verify the certificates of their clients: the common use of a CRL or OCSP. */
export async function nginx(tools: Tools): Promise<Verifier[]> {
  const program = await tools.aptUnpacked('nginx', 'usr/sbin/nginx');
  const asking =
    (check: (material: Material) => string): Verifier['open'] =>
    async (material) => {
      const { world, root, server } = material;
      const [port = 0] = await freePorts(1);
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
        (what) => `${what}_temp_path ${what};`,
      );
      const config = await world.file(
        `nginx-${port}.conf`,
        `daemon off; master_process off; pid nginx-${port}.pid; error_log nginx.log info;
events {}
http {
  access_log off; ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${server.chain}; ssl_certificate_key ${server.key};
    ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate ${root};
    ${check(material)}
    error_page 495 496 =200 /verdict;
    location / { return 200 "$ssl_client_verify"; }
  }
}
`,
      );
      const args = ['-p', world.folder, '-e', 'nginx.log', '-c', config];
      return serve(port, world.start(program, args), async (subject) => {
        const said = await visit(material, port, subject);
        return said === 'SUCCESS' ? 'good' : verdictIn(said);
      });
    };
  const ocsp = (which: string) =>
    asking(({ world }) => `ssl_ocsp ${which}; resolver ${world.dns.address} ipv6=off;`);
  return [
    {
      ...{ name: 'nginx ssl_crl', depth: 'chain', needsEveryCrl: true },
      open: asking(({ crls }) => `ssl_crl ${crls};`),
    },
    { name: 'nginx ssl_ocsp leaf', depth: 'leaf', open: ocsp('leaf') },
    { name: 'nginx ssl_ocsp on', depth: 'chain', open: ocsp('on') },
  ];
}

/** It needs the issuer in its file of CAs, to verify the signer of an OCSP response. */
export async function apache(tools: Tools): Promise<Verifier[]> {
  const program = await tools.apt('apache2-bin', 'apache2');
  const asking =
    (check: (material: Material) => string): Verifier['open'] =>
    async (material) => {
      const { world, trusted, server } = material;
      const [port = 0] = await freePorts(1);
      const config = await world.file(
        `apache-${port}.conf`,
        `ServerRoot ${world.folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile apache-${port}.pid
ErrorLog apache.log
LogLevel ssl:info
User nobody
LoadModule mpm_event_module ${MODULES}/mod_mpm_event.so
LoadModule authz_core_module ${MODULES}/mod_authz_core.so
LoadModule ssl_module ${MODULES}/mod_ssl.so
SSLEngine on
SSLCertificateFile ${server.chain}
SSLCertificateKeyFile ${server.key}
SSLCACertificateFile ${trusted}
SSLVerifyClient require
SSLVerifyDepth 3
${check(material)}
`,
      );
      const args = ['-DFOREGROUND', '-d', world.folder, '-f', config];
      return serve(port, world.start(program, args), (subject) => byAlert(material, port, subject));
    };
  const crl = (depth: 'leaf' | 'chain'): Verifier => ({
    name: `Apache SSLCARevocationCheck ${depth}`,
    depth,
    ...(depth === 'chain' && { needsEveryCrl: true }),
    open: asking(({ crls }) => `SSLCARevocationFile ${crls}\nSSLCARevocationCheck ${depth}`),
  });
  return [
    crl('leaf'),
    crl('chain'),
    { name: 'Apache SSLOCSPEnable on', depth: 'chain', open: asking(() => 'SSLOCSPEnable on') },
  ];
}

export async function haproxy(tools: Tools): Promise<Verifier[]> {
  const program = await tools.apt('haproxy');
  return [
    {
      name: 'HAProxy crl-file',
      depth: 'chain',
      needsEveryCrl: true,
      async open(material) {
        const { world, root, crls, server } = material;
        const [port = 0] = await freePorts(1);
        const bind = `127.0.0.1:${port} ssl crt ${server.bundle} ca-file ${root} crl-file ${crls} verify required`;
        const config = await world.file(
          `haproxy-${port}.cfg`,
          `defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend judge
  bind ${bind}
  http-request return status 200
`,
        );
        const running = world.start(program, ['-db', '-f', config]);
        return serve(port, running, (subject) => byAlert(material, port, subject));
      },
    },
  ];
}

async function serve(port: number, running: RunningProcess, judge: Opened['judge']): Promise<Opened> {
  await running.whenAnswers(START_LIMIT, () => connects(port));
  return { judge, close: async () => void (await running.stop()) };
}

/** A client that is admitted is good; a refused one gets the reason in an alert (RFC 5246 §7.2.2). */
function byAlert(material: Material, port: number, subject: Subject): Promise<Verdict> {
  return visit(material, port, subject).then(
    () => 'good',
    (error) => verdictIn(`${error.code} ${error.message}`),
  );
}

/** A request with the subject's certificate; resolves with the server's answer. TLS 1.2, where the verdict comes before any data. */
async function visit({ world }: Material, port: number, subject: Subject): Promise<string> {
  const [cert, key] = await Promise.all([readFile(subject.chain), readFile(subject.key)]);
  return new Promise((resolve, reject) => {
    const { root: ca } = world.authority;
    const servername = world.name('server');
    const asked = request(
      { host: '127.0.0.1', port, servername, ca, cert, key, agent: false, maxVersion: 'TLSv1.2' },
      async (answer) => {
        let text = '';
        for await (const chunk of answer.setEncoding('utf8')) text += chunk;
        resolve(text);
      },
    );
    asked.setTimeout(15_000, () => asked.destroy(new Error('no answer')));
    asked.on('error', reject).end();
  });
}
