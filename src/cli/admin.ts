import { Argument } from 'commander';
import { localAdministrators } from '../ca/local-access.js';
import { ADMIN_ROLES, type AdminRole, namesAdministrator } from '../model/administrators.js';
import { mendable } from '../programs/ca/start.js';
import { CommandRefused } from '../programs/exit.js';
import type { CaStore } from '../store/index.js';
import { addCommand, ROLE_HELP, renewCommand } from './admin-enrol.js';
import { UpkiCommand } from './command.js';
import { entryFor, operator, withCaStore } from './on-ca-machine.js';
import { iso, jsonText, print, say, warn } from './print.js';

/** `upki admin …`: manages administrators on the CA's machine, whether the CA runs or not. */
export function adminCommand(): UpkiCommand {
  return new UpkiCommand('admin')
    .description('Make, list and remove administrators on the CA’s machine.')
    .addCommand(addCommand())
    .addCommand(renewCommand())
    .addCommand(listCommand())
    .addCommand(roleCommand())
    .addCommand(removeCommand())
    .examples([
      ['upki admin add alice', 'Make the key and certificate of an administrator.'],
      ['upki admin list', 'Every administrator, with roles.'],
    ]);
}

/** A warning is printed for certificates that expire within this time. */
const ENDS_SOON = 30 * 86_400_000;

function listCommand(): UpkiCommand {
  const command = new UpkiCommand('list')
    .description(
      'Print the names of the administrators, one on each line, with their role unless it is `admin`.',
    )
    .settings(['ca'])
    .option('--json', 'print name, role, and the expiry of the last certificate as JSON')
    .examples([
      ['upki admin list', 'Administrators of the CA on this machine.'],
      ['upki admin list --json', 'The same for a script.'],
    ]);
  return command.action(async ({ json }: { json?: boolean }) => {
    const admins = await withCaStore(command, listed);
    if (json) return print(jsonText(admins));
    for (const { dn, role } of admins) say(`${dn}${role === 'admin' ? '' : `\t${role}`}`);
    for (const { dn, not_after: end } of admins) {
      if (end === null || Date.parse(end) - Date.now() > ENDS_SOON) continue;
      warn(`the last certificate of ${dn} expires on ${end}: see \`upki admin renew\``);
    }
  });
}

/** `not_after` belongs to the last certificate that is not revoked; null when there is none. */
async function listed(store: CaStore) {
  const certificates = (await store.listAdminCertificates()).filter(({ revokedAt }) => revokedAt === null);
  const owners = await Promise.all(
    certificates.map(async (certificate) => (await store.findAdminBySerial(certificate.serial))?.dn ?? null),
  );
  return (await store.listAdmins()).map(({ dn, role, addedAt, byName }) => {
    const ends = certificates
      .filter((each, index) => owners[index] === dn || (byName && namesAdministrator(each, [dn])))
      .map(({ notAfter }) => notAfter);
    const end = ends.length === 0 ? null : iso(Math.max(...ends));
    return { dn, role, added_at: iso(addedAt), not_after: end };
  });
}

function roleCommand(): UpkiCommand {
  const command = new UpkiCommand('role')
    .argument('<name>', 'a DN in either notation, or a common name')
    .addArgument(new Argument('<role>', ROLE_HELP).choices(ADMIN_ROLES))
    .description('Change the role of an administrator, effective from the next request.')
    .settings(['ca'])
    .examples([['upki admin role bob operator', 'Bob may now revoke certificates and manage nodes.']]);
  return command.action(async (name: string, role: AdminRole) => {
    await withCaStore(command, async (store) => {
      const entry = await mendable(async () => entryFor(name, await store.listAdmins()));
      const changed = await mendable(() =>
        localAdministrators(store, Date.now).setRole(entry, role, operator()),
      );
      if (changed === null) throw notAnAdministrator(name);
      say(`${entry} has role ${role}${changed ? '' : ' already'}.`);
    });
  });
}

function removeCommand(): UpkiCommand {
  const command = new UpkiCommand('remove')
    .argument('<name>', 'a DN in either notation, or a common name')
    .description(
      'Revoke the certificates of an administrator and remove the name from the list, effective from the next request.',
    )
    .settings(['ca'])
    .examples([
      ['upki admin remove alice', 'The only administrator with this common name.'],
      ['upki admin remove /C=FR/O=Company/OU=Admins/CN=alice', 'By the whole DN.'],
    ]);
  return command.action(async (name: string) => {
    await withCaStore(command, async (store) => {
      const entry = await mendable(async () => entryFor(name, await store.listAdmins()));
      const { removed, revoked } = await mendable(() =>
        localAdministrators(store, Date.now).remove(entry, operator()),
      );
      if (!removed) throw notAnAdministrator(name);
      say(`${entry} is no longer an administrator.`);
      for (const serial of revoked) say(`  Revoked      ${serial}`);
    });
  });
}

function notAnAdministrator(name: string): CommandRefused {
  return new CommandRefused(`${name} is not an administrator; \`upki admin list\` prints the administrators`);
}
