import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../kit/command.js';
import { serveWebRoot } from '../../kit/web-root.js';
import type { Client, Obtained } from '../client.js';
import type { World } from '../world.js';

/** Ansible's community.crypto collection, part of the package on PyPI: a hundred thousand files, so it takes minutes. */
export const ansible: Client = {
  name: 'ansible',
  slow: true,
  async install(tools) {
    const program = await tools.pip('ansible', 'ansible-playbook');
    const said = await run(join(program, '../ansible-galaxy'), ['collection', 'list', 'community.crypto']);
    const version = /^community\.crypto\s+(\S+)/m.exec(said)?.[1] ?? 'unknown version';
    return { version: `community.crypto ${version}`, open: (world) => open(program, world) };
  },
};

/** The module works in two steps: it gets the challenges, the playbook answers them, and the module continues. */
const OBTAIN = `
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/community.crypto.acme:
      acme_directory: "{{ directory }}"
      acme_version: 2
      account_key_src: account.key
  tasks:
    - community.crypto.acme_certificate: &order
        csr: "{{ out }}.csr"
        fullchain_dest: "{{ out }}.crt"
        challenge: "{{ challenge }}"
        terms_agreed: true
        account_email: admin@ansible.internal
        remaining_days: 3650
      register: asked
    - copy:
        dest: "web-root/{{ item.value['http-01'].resource | basename }}"
        content: "{{ item.value['http-01'].resource_value }}"
      loop: "{{ asked.challenge_data | dict2items }}"
      when: challenge == 'http-01'
    - uri:
        url: "{{ control }}/set?name={{ item.0.key }}&value={{ item.1 }}"
      loop: "{{ asked.challenge_data_dns | dict2items | subelements('value') }}"
      when: challenge == 'dns-01'
    - community.crypto.acme_certificate:
        <<: *order
        data: "{{ asked }}"
`;
const REVOKE = `
- hosts: localhost
  gather_facts: false
  tasks:
    - community.crypto.acme_certificate_revoke:
        acme_directory: "{{ directory }}"
        acme_version: 2
        account_key_src: account.key
        certificate: "{{ out }}.crt"
        revoke_reason: 4
`;

async function open(program: string, world: World) {
  const { authority, dns, folder, httpPort } = world;
  const webRoot = join(folder, 'web-root');
  await mkdir(webRoot);
  const stopWeb = await serveWebRoot(webRoot, httpPort);
  const books = {
    obtain: await world.file('obtain.yml', OBTAIN),
    revoke: await world.file('revoke.yml', REVOKE),
  };
  await world.run('openssl', ['genrsa', '-out', 'account.key', '2048']);
  const play = (book: string, facts: Record<string, string>) => {
    const all = { directory: authority.directoryUrl, control: dns.control, ...facts };
    const python = ['-e', `ansible_python_interpreter=${join(program, '../python')}`];
    return world.run(
      program,
      ['-i', 'localhost,', '-c', 'local', ...python, '-e', JSON.stringify(all), book],
      {
        env: { ANSIBLE_LOCALHOST_WARNING: 'False', ANSIBLE_HOME: join(folder, '.ansible') },
        timeout: 180_000,
      },
    );
  };
  const obtain = async (challenge: string, names: string[]): Promise<Obtained> => {
    const [name = ''] = names;
    const file = name.replace('*.', '_.');
    await world.run('openssl', [
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/'],
      ...['-keyout', `${file}.key`, '-out', `${file}.csr`],
      ...['-addext', `subjectAltName=${names.map((each) => `DNS:${each}`).join(',')}`],
    ]);
    await play(books.obtain, { challenge, out: file });
    return { name, chain: await world.read(`${file}.crt`), key: await world.read(`${file}.key`) };
  };
  const web = world.name('web');
  return {
    obtain: {
      'http-01': () => obtain('http-01', [web]),
      'dns-01': () => obtain('dns-01', [world.name('dns')]),
      async wildcard() {
        const base = world.name('wild');
        return { ...(await obtain('dns-01', [base, `*.${base}`])), name: `any.${base}` };
      },
    },
    renew: () => obtain('http-01', [web]),
    async revoke() {
      await play(books.revoke, { out: web });
    },
    close: stopWeb,
  };
}
