import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { rememberToldApart } from '../../ra/nodes/renewable.js';
import { watchLastSeen } from '../last-seen.js';
import { lockDirectory } from '../lock.js';
import type { OnClose } from '../opened.js';
import type { ProgramSettings } from '../settings.js';
import { CaHealthWatch } from './ca-health.js';
import { certifiableNames, wantedNames } from './certificate.js';
import { connectToCa } from './channel.js';
import { RaFiles } from './files.js';
import { rootKeeper } from './kept-roots.js';
import { Monitoring } from './monitoring.js';
import { ownNames } from './own-names.js';
import { openOwnStore } from './own-store.js';
import { registerAtStart } from './register-at-start.js';
import { usableRegistration } from './registration.js';
import { ruleCheck } from './rule-check.js';
import { RaTls } from './tls.js';
import { RaTrust } from './trust.js';
import { workerFolder } from './worker.js';

/**
 * Opens what an RA has before it serves anybody: its folder, its registration (made if needed), its database, the connection to
 * the CA, the roots it trusts and its certificate.
 * @throws CannotStart
 */
export async function openRa(settings: ProgramSettings, log: Logger, onClose: OnClose) {
  const clock = Date.now;
  const files = new RaFiles(workerFolder(settings.dataDir));
  const warn = (sentence: string) => log.warn(sentence);
  await files.keys(warn);
  onClose(lockDirectory(files.directory));

  const called = await ownNames(settings, new RaFiles(settings.dataDir), warn);
  const names = wantedNames(called.cn, called.sans, hostname());
  const registration =
    (await usableRegistration(settings, files, called.cn)) ??
    (await registerAtStart(settings, files, names, warn));
  await files.saveNames(called);
  // Read after the registration, in which a Python CA replaces the TLS key.
  const keys = await files.keys();

  const monitoring = await Monitoring.create(settings, log);
  const place = {
    variable: 'UPKI_DATABASE_URL',
    location: settings.databaseUrl ?? files.path('database'),
    say: (sentence: string) => log.error(sentence),
  };
  const store = await openOwnStore({ place, files, root: registration.root, monitoring, onClose });
  const { directory } = files;
  const seen = await watchLastSeen({ store, directory, location: place.location, clock, log });
  onClose(seen.stop);
  await rememberToldApart(store, clock());

  const { tasks, dialect, compromised, ...connection } = connectToCa(
    settings,
    registration,
    keys,
    log,
    store,
  );
  onClose(connection.close);
  compromised.start();
  const ca = monitoring.ca(connection.ca);
  const caHealth = new CaHealthWatch({ ca, clock, log });
  onClose(caHealth.watch());

  const trust = new RaTrust({ ca, keep: rootKeeper({ files, store }), roots: registration.root, log });
  await trust.look();
  const check = ruleCheck(ca, called, trust.constraints, log);
  await check(settings);
  const wanted = () => certifiableNames(names, dialect, trust.constraints());
  const tls = new RaTls({ files, ca: tasks, key: keys.tls, registration, trust, wanted, log, clock });
  await tls.refresh();
  onClose(() => tls.stop());
  return {
    files,
    called,
    registration,
    monitoring,
    place,
    store,
    seen,
    ca,
    compromised,
    caHealth,
    trust,
    check,
    tls,
  };
}
