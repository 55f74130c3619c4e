import type { OpenAuthorities } from '../ca/authorities/open.js';
import { describeSet } from '../ca/authorities/status.js';
import { pendingRequest } from '../ca/elsewhere/request.js';
import { caPaths } from '../ca/folder/paths.js';
import { loadProfiles } from '../ca/issue/profiles.js';
import { shownUri } from '../ca/token/uri.js';
import { UpkiCommand } from './command.js';
import { withLocalSet } from './on-ca-machine.js';
import { iso, jsonText, print, say } from './print.js';

/** `upki ca status` */
export function caStatusCommand(): UpkiCommand {
  const command = new UpkiCommand('status')
    .description('Show roots and issuers, their expiry, and the next steps.')
    .settings(['ca'])
    .option('--json', 'for programs')
    .examples([
      ['upki ca status', 'Show the CA on this machine, whether it runs or not.'],
      ['upki ca status --json', 'The same for a script.'],
    ]);
  return command.action(({ json }: { json?: boolean }) =>
    withLocalSet(command, async (local, store, { succeedAt, dataDir }) => {
      const profiles = (await loadProfiles(caPaths(dataDir).profiles)).values();
      const all = await describeSet({ set: local.set, store, succeedAt, profiles, now: Date.now() });
      if (json) print(jsonText(all));
      else {
        for (const each of all) say(describe(each, local));
        if ((await pendingRequest(dataDir)) !== null)
          say(
            `the request for the next issuer must be signed: ${caPaths(dataDir).request}; then run upki ca install`,
          );
      }
    }),
  );
}

type View = Awaited<ReturnType<typeof describeSet>>[number];

function describe(each: View, { set }: OpenAuthorities): string {
  const lines = [
    `${each.kind} ${each.id}  ${each.state}`,
    `  ${each.dn}`,
    `  from ${iso(each.not_before)} to ${iso(each.not_after)}; its key is ${placeOf(each, set)}`,
    ...(each.kind === 'issuer' ? [`  under the root ${each.root}`] : []),
    ...(each.of === undefined ? [] : [`  the key of the root ${each.of}, certified by ${each.root}`]),
    ...(each.revoked === undefined ? [] : [`  revoked on ${iso(each.revoked)}`]),
    ...(each.last_certificate_end === undefined
      ? []
      : [`  its last certificate expires on ${iso(each.last_certificate_end)}`]),
    ...(each.crl === undefined
      ? []
      : [`  its CRL ${each.crl.number} is valid until ${iso(each.crl.next_update)}`]),
    ...(each.successor_due === undefined ? [] : [`  next: ${nextStep(each.successor_due, set)}`]),
    ...(each.warning === undefined ? [] : [`  WARNING: ${each.warning}`]),
  ];
  return lines.join('\n');
}

function placeOf({ id, key }: View, set: OpenAuthorities['set']): string {
  const uri = set.byId(id)?.key?.uri;
  return uri == null ? key : `in a token, ${shownUri(uri)}`;
}

function nextStep(due: number, set: OpenAuthorities['set']): string {
  const [root] = set.roots;
  return root?.signer
    ? `a successor will be made automatically from ${iso(due)}`
    : `a successor is due from ${iso(due)}: the root is elsewhere, so make a request with upki ca rollover issuer`;
}
