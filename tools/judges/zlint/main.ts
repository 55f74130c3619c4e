import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generateKey } from '../../../src/ca/folder/keys.js';
import { ocspProfile } from '../../../src/ca/ocsp/certificate.js';
import { buildCrl } from '../../../src/ca/revoke/crl.js';
import { signerFor } from '../../../src/x509/algorithms.js';
import { parseCertificate } from '../../../src/x509/certificate.js';
import { toPem } from '../../../src/x509/pem.js';
import { run } from '../../kit/command.js';
import { newFolder } from '../../kit/folder.js';
import {
  endProfiles,
  KEY_SPECS,
  NAME_SETS,
  type SigningWorld,
  signingWorld,
} from '../../kit/signing-world.js';
import { NotInstallable, onPath, Tools } from '../../kit/tools.js';

const ZLINT = { module: 'github.com/zmap/zlint/v3/cmd/zlint', version: 'v3.7.3' };

/**
 * Excluded lints, each with the reason and the profiles it is excluded for. They state rules of the public web PKI that
 * contradict the purpose of this program. All others count, including warnings.
 */
const EXCLUDED: { lint: string; when: (subject: Subject) => boolean; reason: string }[] = [
  {
    lint: 'w_ext_subject_key_identifier_not_recommended_subscriber',
    when: () => true,
    reason: 'RFC 5280 §4.2.1.2 says a certificate SHOULD have it, the web PKI that it should not',
  },
  {
    lint: 'w_subject_common_name_included',
    when: ({ profile }) => profile === 'ra',
    reason: 'the RA also authenticates as a client, by its common name',
  },
  {
    lint: 'e_algorithm_identifier_improper_encoding',
    when: ({ key }) => key === 'Ed25519',
    reason: 'RFC 8410 keys are not allowed in the web PKI, whatever their encoding',
  },
];

interface Subject {
  profile: string;
  key: string;
  names: string;
  file: string;
}

/** zlint's findings: lint names with `error`, `fatal` or `warn`. */
async function findings(zlint: string, file: string, format: string[] = []): Promise<string[]> {
  const results = JSON.parse(await run(zlint, [...format, file])) as Record<string, { result: string }>;
  return Object.entries(results)
    .filter(([, { result }]) => result === 'error' || result === 'fatal' || result === 'warn')
    .map(([lint]) => lint);
}

/** Issues each profile × key type × identifier type, and the CA certificates themselves, into files. */
async function issueAll(world: SigningWorld, folder: string): Promise<Subject[]> {
  const subjects: Subject[] = [];
  const write = async (subject: Omit<Subject, 'file'>, der: Buffer) => {
    const file = join(folder, `${subjects.length}.pem`);
    await writeFile(file, toPem('CERTIFICATE', der));
    subjects.push({ ...subject, file });
  };
  await write({ profile: 'root', key: 'P-384', names: '-' }, world.root);
  await write({ profile: 'intermediate', key: 'P-256', names: '-' }, world.intermediate);
  const { profile: ocsp, commonName } = ocspProfile(parseCertificate(world.intermediate).subject);
  const responder = world.input(ocsp, await generateKey({ type: 'ec', curve: 'P-256' }), []);
  await write(
    { profile: 'ocsp', key: 'P-256', names: '-' },
    await world.factory.issue({ ...responder, commonName }),
  );
  for (const [key, spec] of Object.entries(KEY_SPECS)) {
    const certified = await generateKey(spec);
    for (const profile of endProfiles(world.profiles)) {
      for (const [names, set] of Object.entries(NAME_SETS)) {
        await write(
          { profile: profile.name, key, names },
          await world.factory.issue(world.input(profile, certified, set)),
        );
      }
    }
  }
  return subjects;
}

async function writeCrl(world: SigningWorld, folder: string, now: number): Promise<string> {
  const file = join(folder, 'crl.pem');
  async function* pages() {
    yield [1, 3, 4, 5, 9].map((reason) => ({ serial: `1${reason}ab`, revokedAt: now - 1000, reason }));
  }
  const issuer = { certificate: world.intermediate, signer: signerFor(world.issuerKey) };
  const crl = { number: 1n, thisUpdate: now, nextUpdate: now + 7 * 86_400_000 };
  await writeFile(file, toPem('X509 CRL', await buildCrl(issuer, crl, pages())));
  return file;
}

async function main(): Promise<number> {
  const tools = await Tools.at();
  let zlint: string;
  try {
    zlint = onPath('zlint') ?? (await tools.go(ZLINT.module, ZLINT.version, 'zlint'));
  } catch (error) {
    if (!(error instanceof NotInstallable)) throw error;
    process.stdout.write(`zlint cannot be installed here, nothing was checked: ${error.message}\n`);
    return 1;
  }
  const folder = newFolder('zlint');
  const now = Date.now();
  const world = await signingWorld(now);
  const subjects = await issueAll(world, folder);
  const root = subjects.find(({ profile }) => profile === 'root')?.file ?? '';
  const intermediate = subjects.find(({ profile }) => profile === 'intermediate')?.file ?? '';

  let failed = 0;
  const used = new Set<string>();
  const rows = new Map<string, { passed: number; findings: string[] }>();
  for (const subject of subjects) {
    const row = rows.get(`${subject.profile}\t${subject.key}`) ?? { passed: 0, findings: [] };
    rows.set(`${subject.profile}\t${subject.key}`, row);
    const wrong = (await findings(zlint, subject.file)).filter((lint) => {
      const excluded = EXCLUDED.some((each) => each.lint === lint && each.when(subject));
      if (excluded) used.add(lint);
      return !excluded;
    });
    await run('openssl', [
      'verify',
      '-x509_strict',
      '-CAfile',
      root,
      '-untrusted',
      intermediate,
      subject.file,
    ]).catch((error: Error) => wrong.push(`openssl verify: ${error.message.split('\n').join(' ')}`));
    if (wrong.length === 0) row.passed += 1;
    else failed += 1;
    row.findings.push(...wrong.map((finding) => `${subject.names}: ${finding}`));
  }
  const crl = await findings(zlint, await writeCrl(world, folder, now), ['-format', 'crl']).catch(
    (error: Error) => [error.message],
  );
  if (crl.length > 0) failed += 1;
  rows.set('CRL\tP-256', { passed: crl.length === 0 ? 1 : 0, findings: crl });

  process.stdout.write('profile       key        passed  findings\n');
  for (const [name, { passed, findings: found }] of rows) {
    const [profile = '', key = ''] = name.split('\t');
    process.stdout.write(
      `${profile.padEnd(14)}${key.padEnd(11)}${String(passed).padEnd(8)}${[...new Set(found)].join('; ') || 'none'}\n`,
    );
  }
  process.stdout.write('\nLeft out by name:\n');
  for (const { lint, reason } of EXCLUDED) {
    process.stdout.write(`  ${lint}${used.has(lint) ? '' : ' (did not fire: remove it)'}: ${reason}\n`);
    if (!used.has(lint)) failed += 1;
  }
  process.stdout.write(
    `\n${subjects.length + 1} objects checked by zlint and openssl verify, ${failed} wrong\n`,
  );
  if (failed === 0) await rm(folder, { recursive: true, force: true });
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
