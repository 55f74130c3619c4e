import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Command } from 'commander';
import type { Authority } from '../ca/issue/issuer.js';
import { enrolAdministrator, openLocalAuthority, openLocalStore } from '../ca/local.js';
import { Administrators } from '../ca/peers/administrators.js';
import { shellWord } from '../lib/shell-word.js';
import { caFolder } from '../programs/ca/folder.js';
import { mendable } from '../programs/ca/start.js';
import { CannotStart } from '../programs/exit.js';
import { RaFiles } from '../programs/ra/files.js';
import { loadProgramSettings } from '../programs/settings.js';
import type { Actor, CaStore } from '../store/index.js';
import { attributeOf, parseHolder } from '../x509/name.js';
import { OID } from '../x509/oids.js';
import { adminFiles, fileName, prepareFolder, writeAdminFiles } from './admin-files.js';
import { addExamples, addSettingFlags, DIRECTORY_FLAG, givenFlags } from './options.js';
import { newPassphrase, passphraseIn } from './passphrase.js';

/** `upki admin …`: the administrators, on the CA's machine, whether the CA runs or not. */
export function adminCommand(): Command {
  return new Command('admin')
    .description('Make, list and remove administrators, on the machine of the CA.')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(removeCommand());
}

interface AddOptions {
  out?: string;
  passphraseFile?: string;
  legacyP12?: boolean;
  url?: string;
}

function addCommand(): Command {
  const command = new Command('add').argument('<name>', "the administrator's common name");
  command.description('Make the key and certificate of an administrator, and tell how to use them.');
  addSettingFlags(command, [DIRECTORY_FLAG], ['ca']);
  command
    .option(
      '--out <folder>',
      'where to write the files; a folder of the name in the current one when left out',
    )
    .option(
      '--passphrase-file <file>',
      'holds the passphrase of the PKCS #12 file; a random one is printed when left out',
    )
    .option(
      '--legacy-p12',
      'protect the PKCS #12 file with 3DES and SHA-1, as the macOS keychain wants it up to version 14',
    )
    .option('--url <url>', "the RA's base URL, when it is not found by itself");
  addExamples(command, [
    ['upki admin add alice', 'Make alice/alice.key, .crt and .p12, and print a curl line that uses them.'],
    ['upki admin add alice -d /srv/pki --out /root/alice', 'For a CA in another directory.'],
  ]);
  return command.action(async (name: string) => {
    const { out, passphraseFile, legacyP12, url } = command.opts<AddOptions>();
    const dataDir = await folderOf(command);
    const files = adminFiles(resolve(out ?? fileName(name)), name);
    const given = passphraseFile === undefined ? null : await passphraseIn(passphraseFile);
    const passphrase = given ?? newPassphrase();
    await prepareFolder(files);
    await withStore(dataDir, async (store) => {
      const authority = await openAuthority(dataDir, store);
      const enrolled = await mendable(() => enrolAdministrator(authority, name, operator()));
      const issuers = { chain: authority.chainPem, root: authority.rootPem };
      const protection = legacyP12 ? 'tripleDes' : 'aes256';
      await writeAdminFiles(files, enrolled, issuers, { passphrase, protection });
      process.stdout.write(
        `${enrolled.certificate.dn} is an administrator.\n` +
          told(files, url ?? (await raUrl(dataDir, store)), given === null ? passphrase : null),
      );
    });
  });
}

/** With the settings of the CA's own file and of the environment, for one that has never served. */
function openAuthority(dataDir: string, store: CaStore): Promise<Authority> {
  const { settings, given } = loadProgramSettings('ca', process.env, { dataDir });
  return mendable(() =>
    openLocalAuthority(store, {
      dataDir,
      passphrase: settings.caPassphrase,
      publicUrl: settings.caPublicUrl,
      company: given.has('caCompany') ? settings.caCompany : null,
      clock: Date.now,
    }),
  );
}

function told(files: ReturnType<typeof adminFiles>, url: string | null, passphrase: string | null): string {
  const words = [
    ...['--cacert', files.root, '--cert', files.certificate, '--key', files.key],
    `${url ?? 'https://RA:8000'}/api/v1/private/admins`,
  ].map(shellWord);
  return `
  Key          ${files.key}
  Certificate  ${files.certificate}
  PKCS #12     ${files.pkcs12} (for browsers)
${passphrase === null ? '' : `  Passphrase   ${passphrase} (of the PKCS #12 file; it is shown only now)\n`}
Bring the files to the administrator over a safe way, and remove them here. To see that they work:

  curl ${words.join(' ')}
`;
}

/**
 * The base URL of the RA: where the one on this machine last served, else the port of the contract on the RA that
 * registered last; null when there is none.
 */
async function raUrl(caFolder: string, store: CaStore): Promise<string | null> {
  const { raUrl: set } = loadProgramSettings('ra', process.env, {
    dataDir: join(dirname(caFolder), 'ra'),
  }).settings;
  const served = set ?? (await new RaFiles(join(dirname(caFolder), 'ra')).url());
  if (served !== null) return served;
  const last = (await store.listPeers()).findLast(
    ({ role, revokedAt }) => role === 'ra' && revokedAt === null,
  );
  return last === undefined ? null : `https://${last.cn}:8000`;
}

function listCommand(): Command {
  const command = new Command('list').description('Print the names of the administrators, one a line.');
  addSettingFlags(command, [DIRECTORY_FLAG], ['ca']);
  addExamples(command, [['upki admin list', 'Those of the CA on this machine.']]);
  return command.action(async () => {
    const admins = await withStore(await folderOf(command), (store) => store.listAdmins());
    process.stdout.write(admins.map((dn) => `${dn}\n`).join(''));
  });
}

function removeCommand(): Command {
  const command = new Command('remove').argument('<name>', 'a DN in either notation, or a common name');
  command.description(
    'Take an administrator off the list; refused from the next request on. The certificate stays good for everything else.',
  );
  addSettingFlags(command, [DIRECTORY_FLAG], ['ca']);
  addExamples(command, [
    ['upki admin remove alice', 'The one administrator of this common name.'],
    ['upki admin remove /OU=Admins/CN=alice', 'By the whole name.'],
  ]);
  return command.action(async (name: string) => {
    await withStore(await folderOf(command), async (store) => {
      const administrators = new Administrators(store, Date.now);
      const entry = await mendable(async () => entryFor(name, await administrators.list()));
      if (!(await mendable(() => administrators.remove(entry, operator())))) {
        throw new CannotStart(`${name} is not an administrator; \`upki admin list\` prints who is`);
      }
      process.stdout.write(`${entry} is no longer an administrator.\n`);
    });
  });
}

/** A bare common name stands for the entry that has it. @throws CannotStart when there are several */
function entryFor(name: string, entries: string[]): string {
  if (name.includes('=')) return name;
  const cnOf = (text: string) => attributeOf(parseHolder(text), OID.commonName)?.toLowerCase();
  const named = entries.filter((entry) => cnOf(entry) === name.toLowerCase());
  if (named.length > 1) {
    throw new CannotStart(`${name} is the common name of ${named.join(' and of ')}: say which`);
  }
  return named[0] ?? name;
}

/** What the operator should know of the settings is told on standard error. @throws CannotStart */
async function folderOf(command: Command): Promise<string> {
  const { dataDir } = givenFlags(command, [DIRECTORY_FLAG]);
  return caFolder(process.env, dataDir);
}

async function withStore<T>(dataDir: string, work: (store: CaStore) => Promise<T>): Promise<T> {
  const { settings } = loadProgramSettings('ca', process.env, { dataDir });
  const store = await openLocalStore(dataDir, settings.caDatabaseUrl);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Who runs the command, for the audit log. */
function operator(): Actor {
  return { who: `operator ${userInfo().username}`, from: 'local' };
}
