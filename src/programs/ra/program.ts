import type { Logger } from 'pino';
import type { AcmeSettings } from '../../acme/context.js';
import { LinkBuilder } from '../../acme/links.js';
import { SharedNonces } from '../../acme/nonces/shared-nonces.js';
import { wellKnownRoutes } from '../../acme/resources/well-known.js';
import { acmeRoutes } from '../../acme/routes.js';
import { redacted } from '../../config/index.js';
import { estRoutes } from '../../est/routes.js';
import { randomOctets } from '../../lib/random.js';
import { version } from '../../lib/version.js';
import { Activity } from '../../ra/activity.js';
import { AuditLog } from '../../ra/audit-log.js';
import { AuditReader } from '../../ra/audit-reader.js';
import { FormerBases } from '../../ra/former-bases.js';
import { Limits } from '../../ra/limits/limits.js';
import { openAllowances } from '../../ra/limits/local-allowances.js';
import { createOperator } from '../../ra/operator/index.js';
import { createRegistrationAuthority } from '../../ra/registration-authority.js';
import { isAdmin, isGood } from '../../rest/access.js';
import { restApi } from '../../rest/index.js';
import { shownLocation } from '../../store/index.js';
import { ChangeableValidator } from '../../va/changeable.js';
import type { Running } from '../child.js';
import { sayDatabaseAway } from '../database.js';
import { runningValues } from '../effective-values.js';
import { type OnClose, openAll } from '../opened.js';
import type { ProgramSettings } from '../settings.js';
import { otherChains } from './alternate-chains.js';
import { listenForCommands } from './control.js';
import { logEvents } from './events.js';
import { keepingOf } from './keeping.js';
import { believeProxies, listen, mainListener } from './listener.js';
import { nodeServices } from './node-services.js';
import { openRa } from './open.js';
import { listenBeside } from './other-listeners.js';
import { ownHosts } from './own-hosts.js';
import { type OtherPorts, pagesOf } from './pages.js';
import {
  acmeSettingsOf,
  compromisedKeysOf,
  deviceTrustOf,
  limitsOf,
  persistIssuersOf,
  policyOf,
  validatorOptionsOf,
} from './policy.js';
import { healthOf } from './readiness.js';
import { RunningRules } from './reload.js';
import { statusReader } from './status.js';
import { watchWorkers } from './worker.js';

/**
 * Assembles the RA and serves: its own state (`openRa`), then its services, then its listeners. When a step fails, everything
 * opened before is closed.
 * @param mode `command` opens the RA for one command, without listeners for clients and without background work
 * @throws CannotStart, ConfigError for what the operator must change
 */
export async function startRa(
  settings: ProgramSettings,
  log: Logger,
  mode: 'serve' | 'command' = 'serve',
): Promise<Running> {
  const { started, close } = await openAll((onClose) => serve(settings, log, onClose, mode));
  return { ...started, stop: close };
}

async function serve(
  settings: ProgramSettings,
  log: Logger,
  onClose: OnClose,
  mode: 'serve' | 'command',
): Promise<Pick<Running, 'info' | 'reload'>> {
  // Errors in the operator's files are reported before anything is made.
  acmeSettingsOf(settings);
  deviceTrustOf(settings);
  let compromised = compromisedKeysOf(settings);
  const listed = (fingerprint: string) => compromised(fingerprint);
  const clock = Date.now;
  const own = await openRa(settings, log, onClose);
  const { files, called, registration, monitoring, place, store, seen } = own;
  const { ca, compromised: revoked, caHealth, trust, check, tls } = own;
  const isCompromised = (key: string) => listed(key) || revoked.has(key);

  const monitored = monitoring.events(logEvents(log, sayDatabaseAway(place)));
  const activity = new Activity({ store, clock, onError: monitored.error });
  activity.start();
  onClose(() => activity.stop());
  const events = activity.counting(monitored);
  const audit = new AuditLog(store, clock, events.error);
  let port = settings.raPort;
  const [publicUrl, formerBases] = [settings.raUrl, new FormerBases(store)];
  const links = new LinkBuilder({ publicUrl, ownNames: tls.names, port: () => port, formerBases });
  const policy = policyOf(settings, links.main().terms, trust.constraints);
  const persistIssuers = (of: ProgramSettings) => (of.dnsPersist ? persistIssuersOf(of, links) : null);
  const validatorOptions = (of: ProgramSettings) => ({
    ...validatorOptionsOf(of, persistIssuers(of)),
    onDnsSilence: monitoring.dnsSilence,
  });
  const changeable = new ChangeableValidator(validatorOptions(settings));
  const validator = monitoring.validator(changeable);
  validator.start();
  onClose(() => validator.stop());
  const { allowances, saved } = await openAllowances(store, clock(), events.error);
  onClose(saved);
  const limits = new Limits(allowances, limitsOf(settings), clock, monitoring.limitHit);
  const ra = createRegistrationAuthority({
    isCompromised,
    ...(store.shared && { knowCompromised: () => revoked.recent() }),
    store,
    ca,
    validator,
    policy,
    ownNames: () => ownHosts(tls.names(), settings.raUrl),
    accountUrls: (id) => links.accountUrls(id),
    soleRunner: store.shared === null,
    events,
    audit,
    limits,
    keep: keepingOf(settings, { store, tls, roots: registration.root }),
    ...{ clock, random: randomOctets },
  });
  if (mode === 'serve') ra.start();
  onClose(() => ra.stop());

  const { nodeKeys, nodeCertificates, ownCertificates, nodes, certification } = nodeServices({
    ...{ store, ca, clock, policy, isCompromised, limits, ra, log },
    secretPath: files.path('nodeSecret'),
    seedLifetime: settings.seedLifetime,
    onRevocation: events.revocation,
  });
  const operator = createOperator({
    ...{ store, ca, clock, policy, validator, troubles: () => caHealth.troubles() },
    onRevocation: events.revocation,
    stopAccount: (id) => ra.accounts.stop(id),
  });

  const { app, reload: reloadTls } = mainListener(settings, tls, log, links.main().base);
  monitoring.requests(app, 'main');
  believeProxies(app, settings, tls, (identity) => isGood(identity, ca));
  const front = (of: ProgramSettings): AcmeSettings => {
    const said = acmeSettingsOf(of);
    const externalAccounts = { ...said.externalAccounts, nodeKey: (id: string) => nodeKeys.find(id) };
    return { ...said, persistIssuers: persistIssuers(of), externalAccounts };
  };
  const served = front(settings);
  const shown = redacted(settings, 'ra');
  const rules = new RunningRules({
    ...{ store, dataDir: settings.dataDir, policy, served, front, shown, limits, log },
    ...{ check, validatorOptions },
    validator: changeable,
    terms: () => links.main().terms,
    useCompromised: (keys) => {
      compromised = keys;
    },
  });
  await rules.start(mode);
  onClose(() => rules.stop());
  const reload = () => rules.reload();
  await app.register(acmeRoutes, {
    ra,
    links,
    settings: served,
    isCompromised,
    ...(store.shared && { nonces: await SharedNonces.open(store.shared) }),
    isAdmin: (identity) => isAdmin(identity, ca),
    alternateChains: ({ chain }) => otherChains(ca, chain),
    ...(settings.nodePreauthorization && { nodeOf: (identity) => nodeCertificates.ofCertificate(identity) }),
  });
  await app.register(wellKnownRoutes, { ra });
  await app.register(estRoutes, {
    ...{ ca, certification, ownCertificates, nodeCertificates, audit, isCompromised, clock },
    deviceTrust: deviceTrustOf(settings),
    defaultProfile: () => policy.defaultProfile,
    baseUrl: (host) => links.forHost(host).base,
  });
  const ports: OtherPorts = { plain: null, pages: null };
  const pages = pagesOf({ ca, links, ports });
  await app.register(pages.main);
  const workers = watchWorkers();
  const looked = { authorities: trust.known, clock, behind: seen.behind, workers };
  const health = healthOf({ ca: caHealth, store, tls, ...looked });
  const api = {
    prefix: '/api/v1',
    publicCertificates: settings.raPublicCerts,
    version: version(),
    ca,
    audit,
    auditReader: new AuditReader(store),
    ownCertificates,
    isCompromised,
    settings: shown,
    rules,
    sources: await runningValues(settings),
    activity,
    nodes,
    certification,
    operator,
    baseUrl: (host: string | undefined) => links.forHost(host).base,
    health,
    status: statusReader({
      ...{
        store,
        location: shownLocation(place.location),
        ca,
        authorities: trust.known,
        ra,
        validator,
        tls,
        health,
      },
      ...{ name: called.cn, dataDir: settings.dataDir, backupMaxAge: settings.notifyBackupAge },
      ...{ serving: mode === 'serve', clock, notifies: settings.notify.length > 0 },
    }),
    reload,
  };
  await app.register(restApi, api);
  await listenForCommands(settings.dataDir, api, log, onClose);
  if (mode === 'command') return { info: {}, reload };
  const { raHost: host, raPort } = settings;
  port = await listen(app, { what: 'the RA', host, port: raPort, variable: 'UPKI_RA_PORT' }, onClose);
  const beside = { settings, log, api, ra, tls, pages, monitoring, reloadMain: reloadTls };
  const reloadAll = await listenBeside(beside, ports, onClose);
  tls.watch(reloadAll);
  trust.watch(() => {
    void tls.refresh().then(() => reloadAll(tls.material()));
  });
  onClose(() => trust.stop());
  onClose(() => monitoring.stop());
  const { root } = registration;
  await monitoring.start({ ...{ store, ca, ra, validator, tls, root }, name: called.cn });
  const { directory: directoryUrl, base } = links.main();
  // Older versions stored only the last base URL, in a file.
  await links.remember(...links.bases(), ...[await files.url()].filter((url) => url !== null));
  await files.saveUrl(base);
  log.info({ directoryUrl, port, httpPort: ports.plain, pagesPort: ports.pages }, 'the RA serves');
  return { info: { directoryUrl }, reload };
}
