/** A folder of the ground plan: its duty, and the other folders its files may import. */
export interface Folder {
  duty: string;
  /** Paths from the root, each a line of this table; `src` stands for all of them below src. */
  imports: readonly string[];
}

/**
 * The ground plan. A folder may import itself and the folders its line names, all of which are above it: there are no cycles.
 * A file belongs to the longest path that contains it. `test/architecture.test.ts` compares this table with every import in
 * src and tools; `npm run docs` prints it into docs/architecture.md.
 */
export const FOLDERS: Readonly<Record<string, Folder>> = {
  'src/lib': { duty: 'helpers that know no PKI: time, files, JSON, bounded maps', imports: [] },
  'src/config': {
    duty: 'one table of settings; checks, `--help` and docs/configuration.md come from it',
    imports: ['src/lib'],
  },
  'src/x509': {
    duty: 'DER and the structures encoded in it: names, CSRs, certificates, CRLs, OCSP',
    imports: ['src/lib'],
  },
  'src/model': {
    duty: 'the nouns of RFC 8555 with their status; problems and refusals; the CA as the RA sees it',
    imports: ['src/lib', 'src/x509'],
  },
  'src/channel': {
    duty: 'the contract between RA and CA: task schemas, client, server, CURVE',
    imports: ['src/lib', 'src/x509', 'src/model'],
  },
  'src/store/contract': {
    duty: 'what a store promises: the RA, the CA, the audit log, the errors',
    imports: ['src/lib', 'src/model'],
  },
  'src/store/rows': {
    duty: 'the contract over rows: values to columns and back, for any database',
    imports: ['src/lib', 'src/model', 'src/store/contract'],
  },
  'src/store/sqlite': {
    duty: 'rows in SQLite, in a worker thread',
    imports: ['src/lib', 'src/store/contract', 'src/store/rows'],
  },
  'src/store/postgres': {
    duty: 'rows in PostgreSQL',
    imports: ['src/lib', 'src/store/contract', 'src/store/rows'],
  },
  'src/store/copy': {
    duty: 'copies a store from SQLite to PostgreSQL',
    imports: ['src/lib', 'src/store/contract', 'src/store/sqlite', 'src/store/postgres'],
  },
  'src/store': {
    duty: 'opens a store by its URL; the cache of orders in progress; the hash chain of the audit log',
    imports: [
      'src/lib',
      'src/model',
      'src/store/contract',
      'src/store/rows',
      'src/store/sqlite',
      'src/store/postgres',
    ],
  },
  'src/va': { duty: 'proves control of a name over the network', imports: ['src/lib', 'src/x509'] },
  'src/ca': {
    duty: 'keys, profiles, issuing, lint, revocation, CRL, OCSP',
    imports: ['src/lib', 'src/x509', 'src/model', 'src/channel', 'src/store/contract', 'src/store'],
  },
  'src/ra': {
    duty: 'decides who gets which certificate; queues that finish started work; nodes; the client of the CA',
    imports: ['src/lib', 'src/x509', 'src/model', 'src/channel', 'src/store/contract', 'src/va'],
  },
  'src/http': {
    duty: 'listeners: TLS, limits, admission under load, client certificates, failures',
    imports: ['src/lib', 'src/x509', 'src/model', 'src/store/contract'],
  },
  'src/acme': {
    duty: 'RFC 8555 over HTTP: JWS, nonces, a file a resource',
    imports: ['src/lib', 'src/x509', 'src/model', 'src/ra', 'src/http'],
  },
  'src/est': {
    duty: 'EST (RFC 7030): enrolment of devices without ACME',
    imports: ['src/lib', 'src/x509', 'src/model', 'src/ra', 'src/http'],
  },
  'src/metrics': {
    duty: "the RA's metrics and the listener that serves them",
    imports: ['src/lib', 'src/model', 'src/http'],
  },
  'src/notices': {
    duty: 'notifications to operators, each sent once: mail and signed webhooks from a durable queue',
    imports: ['src/lib', 'src/model', 'src/store/contract'],
  },
  'src/rest': {
    duty: 'REST under /api/v1, OpenAPI, enrolment; CRL, OCSP and issuers over plain HTTP',
    imports: ['src/lib', 'src/x509', 'src/model', 'src/channel', 'src/ra', 'src/http'],
  },
  'src/pages': {
    duty: 'web pages: what the CA is and how to trust it, the command lines for ACME clients',
    imports: ['src/lib', 'src/x509', 'src/model', 'src/http'],
  },
  'src/console': {
    duty: "the console's pages, which run in the browser and use only the REST API",
    imports: [],
  },
  'src/python': {
    duty: 'everything that exists because of the Python uPKI: its CA, its task forms, `upki migrate`',
    imports: [
      'src/lib',
      'src/config',
      'src/x509',
      'src/model',
      'src/channel',
      'src/store/contract',
      'src/store',
      'src/ca',
      'src/ra',
      'src/acme',
    ],
  },
  'src/programs': {
    duty: 'assembles the two programs from the folders above; the supervisor, the logger',
    imports: ['src'],
  },
  'src/backup': {
    duty: 'a consistent snapshot of an installation in one encrypted file, and its restore',
    imports: ['src/lib', 'src/x509', 'src/ca', 'src/store', 'src/store/sqlite', 'src/programs'],
  },
  'src/cli': { duty: 'the `upki` command, a file a command', imports: ['src'] },

  'tools/docs': {
    duty: 'the generated documents; this table',
    imports: ['src/config', 'src/channel'],
  },
  'tools/kit': {
    duty: 'what tools and tests share: starting uPKI, DNS, an ACME client, running commands',
    imports: ['src'],
  },
  'tools/promises': {
    duty: 'the ledger of promises made under load, and its judge',
    imports: ['src/x509', 'tools/kit'],
  },
  'tools/crash': { duty: '`kill -9` under load', imports: ['tools/kit', 'tools/promises'] },
  'tools/interop': {
    duty: "other people's ACME clients against uPKI",
    imports: ['tools/kit'],
  },
  'tools/bench': {
    duty: 'the cost of a certificate, next to other servers',
    imports: ['src', 'tools/kit', 'tools/interop'],
  },
  'tools/chaos': {
    duty: 'replicas under load while programs, PostgreSQL, the network and a disk fail',
    imports: ['tools/kit', 'tools/promises', 'tools/interop', 'tools/bench'],
  },
  'tools/judges': {
    duty: 'independent programs judge the output of uPKI: zlint, revocation checkers, a fuzzer, a browser',
    imports: ['src', 'tools/kit', 'tools/interop'],
  },
  'tools/python-upki': {
    duty: 'the Python uPKI and ours, side by side',
    imports: ['tools/kit', 'tools/interop'],
  },
};

/** The table as Markdown, for docs/architecture.md. */
export function foldersTable(): string {
  const rows = Object.entries(FOLDERS).map(([path, { duty, imports }]) => {
    const names = imports.map((each) => `\`${each.replace(/^src\/(?=.)/, '')}\``);
    return `| \`${path.replace(/^src\//, '')}/\` | ${duty} | ${names.join(', ')} |`;
  });
  return ['| Folder | Duty | May import |', '|---|---|---|', ...rows].join('\n');
}
