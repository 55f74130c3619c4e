import { dirname, join, resolve } from 'node:path';
import { Option } from 'commander';
import { enrolAdministrator } from '../ca/local-access.js';
import { shellWord } from '../lib/shell-word.js';
import { ADMIN_ROLES, type AdminRole } from '../model/administrators.js';
import { mendable } from '../programs/ca/start.js';
import { CommandRefused } from '../programs/exit.js';
import { RaFiles } from '../programs/ra/files.js';
import { loadProgramSettings } from '../programs/settings.js';
import type { CaStore } from '../store/index.js';
import { attributeOf, parseHolder } from '../x509/name.js';
import { OID } from '../x509/oids.js';
import { adminFiles, fileName, prepareFolder, writeAdminFiles } from './admin-files.js';
import { UpkiCommand } from './command.js';
import { readGiven } from './given-file.js';
import { entryFor, openCertifier, operator, withCaStore } from './on-ca-machine.js';
import { newPassphrase, passphraseIn } from './passphrase.js';
import { print, say } from './print.js';

interface EnrolOptions {
  out?: string;
  csr?: string;
  role?: AdminRole;
  passphraseFile?: string;
  legacyP12?: boolean;
  url?: string;
}

export const ROLE_HELP =
  '`auditor` reads; `operator` also revokes certificates and manages nodes; `admin` also manages administrators';

export function addCommand(): UpkiCommand {
  const command = enrolling('add')
    .argument('<name>', "the administrator's common name")
    .description('Make the key and certificate of an administrator, and print how to use them.')
    .addOption(
      new Option('--role <role>', `${ROLE_HELP}. Default: the current role of the name, else admin.`).choices(
        ADMIN_ROLES,
      ),
    )
    .examples([
      ['upki admin add alice', 'Make alice/alice.key, .crt and .p12, and print a curl line that uses them.'],
      ['upki admin add bob --role auditor', 'An administrator who can read everything and change nothing.'],
      ['upki admin add carol --csr carol.csr', "For carol's own key, for example on a smart card."],
    ]);
  return command.action(async (name: string) => enrol(command, name));
}

export function renewCommand(): UpkiCommand {
  const command = enrolling('renew')
    .argument('<name>', 'a DN in either notation, or a common name')
    .description(
      'Make another certificate for an administrator, with a new key and the same role. The previous certificate stays valid until it expires.',
    )
    .examples([
      ['upki admin renew alice --out alice-2027', 'Make alice-2027/alice.key, .crt and .p12.'],
      ['upki admin renew alice --csr alice.csr', "For alice's own key; it may be her current one."],
    ]);
  return command.action(async (given: string) => {
    const entries = await withCaStore(command, (store) => store.listAdmins());
    const entry = await mendable(async () => entryFor(given, entries));
    const name = attributeOf(parseHolder(entry), OID.commonName);
    if (name === null || !entries.some(({ dn }) => dn === entry)) {
      throw new CommandRefused(
        `${given} is not an administrator; \`upki admin list\` prints the administrators`,
      );
    }
    await enrol(command, name);
  });
}

/** A command that makes the certificate of an administrator. */
function enrolling(name: string): UpkiCommand {
  return new UpkiCommand(name)
    .settings(['ca'])
    .option(
      '--out <folder>',
      'where to write the files (default: a folder of that name in the current folder)',
    )
    .option('--csr <file>', 'a certification request (PEM) for an existing key; no key is made')
    .option(
      '--passphrase-file <file>',
      'file with the passphrase of the PKCS #12 file (default: a random one, which is printed)',
    )
    .option(
      '--legacy-p12',
      'protect the PKCS #12 file with 3DES and SHA-1, for the keychain of macOS up to version 14',
    )
    .option('--url <url>', "the RA's base URL (default: that of the RA on this machine)");
}

async function enrol(command: UpkiCommand, name: string): Promise<void> {
  const { out, csr: csrFile, role, passphraseFile, legacyP12, url } = command.opts<EnrolOptions>();
  await withCaStore(command, async (store, dataDir) => {
    const files = adminFiles(resolve(out ?? fileName(name)), name);
    const given = passphraseFile === undefined ? null : await passphraseIn(passphraseFile);
    const passphrase = given ?? newPassphrase();
    const csr = csrFile === undefined ? null : (await readGiven('--csr', csrFile)).toString();
    await prepareFolder(files, csr !== null);
    const certifier = await openCertifier(store, dataDir);
    const request = { name, role: role ?? null, csr, by: operator() };
    const { key, certificate, ...enrolled } = await mendable(() => enrolAdministrator(certifier, request));
    const issuers = { chain: certifier.chainPem, root: certifier.rootPem };
    const protection = legacyP12 ? 'tripleDes' : 'aes256';
    await writeAdminFiles(files, { ...enrolled, key, certificate }, issuers, { passphrase, protection });
    say(`${certificate.dn} is an administrator.\n  Role         ${enrolled.role}`);
    const shown = { keyMade: key !== null, passphrase: given === null ? passphrase : null };
    print(instructions(files, url ?? (await raUrl(dataDir, store)), shown));
  });
}

/** How to use the files. `passphrase` is null when the operator chose it. */
function instructions(
  files: ReturnType<typeof adminFiles>,
  url: string | null,
  { keyMade, passphrase }: { keyMade: boolean; passphrase: string | null },
): string {
  const words = [
    ...['--cacert', files.root, '--cert', files.certificate, '--key', keyMade ? files.key : 'KEY'],
    `${url ?? 'https://RA:8000'}/api/v1/private/admins`,
  ].map(shellWord);
  const secret =
    passphrase === null ? '' : `  Passphrase   ${passphrase} (of the PKCS #12 file; shown only once)\n`;
  const made = `  Key          ${files.key}\n  Certificate  ${files.certificate}\n  PKCS #12     ${files.pkcs12} (for browsers)\n${secret}`;
  return `
${keyMade ? made : `  Certificate  ${files.certificate}\n`}
Bring the files to the administrator over a safe way, and remove them here. To see that they work:

  curl ${words.join(' ')}
`;
}

/**
 * The base URL of the RA: the last one of the RA on this machine, else the default port of the RA that registered last. Null
 * without an RA.
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
