import { byPresence, FEATURES, type Feature, type Report } from './table.js';

/** The data of docs/clients/README.md. */
export interface Results {
  features: readonly string[];
  /** A feature missing from `passed` is one the client does not have. */
  clients: { client: string; version: string; passed: Record<string, boolean>; failures: string[] }[];
  notInstallable: string[];
  leftOut: string[];
}

/**
 * The results after a run: clients that did not run keep the results of an earlier run.
 * @param names of all clients, in order
 */
export function results(reports: Report[], names: readonly string[], before: Results): Results {
  const { driven, absent } = byPresence(reports);
  const asked = new Set(reports.map(({ client }) => client));
  const found = new Map(before.clients.map((each) => [each.client, each]));
  for (const { client } of absent) found.delete(client);
  for (const { client, version, outcomes, failures } of driven) {
    const passed = Object.fromEntries(SHOWN.flatMap((feature) => passedIn(outcomes, feature)));
    found.set(client, { client, version, passed, failures });
  }
  const without = names.filter((name) => !found.has(name));
  const notInstallable = without.filter((name) => asked.has(name) || before.notInstallable.includes(name));
  return {
    features: SHOWN,
    clients: names.flatMap((name) => found.get(name) ?? []),
    notInstallable,
    leftOut: without.filter((name) => !notInstallable.includes(name)),
  };
}

const SHOWN = FEATURES.filter((feature) => feature !== 'start' && feature !== 'stop');

function passedIn(outcomes: Report['outcomes'], feature: Feature): [Feature, boolean][] {
  const outcome = outcomes[feature];
  return outcome ? [[feature, outcome.passed]] : [];
}
