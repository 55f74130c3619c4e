/** A chapter of docs/configuration.md: the settings for one task of the operator. */
export interface SettingTask {
  title: string;
  /** An introduction to the settings. */
  about?: string;
  variables: readonly string[];
}

/** The most frequently changed settings, most frequent first. */
export const MOST_CHANGED: readonly string[] = [
  'UPKI_DATA_DIR',
  'UPKI_RA_URL',
  'UPKI_RA_SANS',
  'UPKI_RA_PORT',
  'UPKI_RA_ALLOW',
  'UPKI_RA_DENY',
  'UPKI_VA_RESOLVERS',
  'UPKI_DATABASE_URL',
  'UPKI_CA_PASSPHRASE',
  'UPKI_LOG_LEVEL',
];

/** The chapters of docs/configuration.md. All other settings go into the last chapter. */
export const TASKS: readonly SettingTask[] = [
  {
    title: 'Where everything is',
    variables: ['UPKI_DATA_DIR', 'UPKI_CONFIG', 'UPKI_LOG_LEVEL', 'UPKI_LOG_FORMAT'],
  },
  {
    title: 'What the RA is called, and where it listens',
    about:
      'UPKI_RA_URL is enough: the common name, the port and the URLs in certificates default to parts of it.',
    variables: [
      'UPKI_RA_URL',
      'UPKI_RA_CN',
      'UPKI_RA_SANS',
      'UPKI_RA_HOST',
      'UPKI_RA_PORT',
      'UPKI_RA_HTTP',
      'UPKI_RA_HTTP_PORT',
    ],
  },
  {
    title: 'Behind a proxy',
    about:
      'A proxy that forwards TCP needs only UPKI_RA_URL. For one that terminates TLS see [REST](rest.md#behind-a-proxy).',
    variables: ['UPKI_RA_TLS', 'UPKI_RA_TRUSTED_PROXIES', 'UPKI_RA_PROXY_HEADER'],
  },
  {
    title: 'PostgreSQL',
    about: '`upki store copy` moves the data from SQLite. How many programs to run: [scaling](scaling.md).',
    variables: ['UPKI_DATABASE_URL', 'UPKI_CA_DATABASE_URL'],
  },
  {
    title: 'Restrict names and accounts',
    about: 'Without any of these, anyone who can reach the RA can get a certificate for any name they prove.',
    variables: [
      'UPKI_RA_ALLOW',
      'UPKI_RA_DENY',
      'UPKI_RA_EAB_REQUIRED',
      'UPKI_RA_EAB_FILE',
      'UPKI_RA_PUBLIC_CERTS',
      'UPKI_RA_COMPROMISED_KEYS_FILE',
    ],
  },
  {
    title: 'How names are proven',
    about: 'See [validation](validation.md).',
    variables: [
      'UPKI_VA_RESOLVERS',
      'UPKI_VA_DENY',
      'UPKI_VA_CAA',
      'UPKI_RA_CAA_IDENTITIES',
      'UPKI_RA_HTTP01_NAMES',
      'UPKI_RA_DNS_PERSIST',
      'UPKI_RA_DNS_PERSIST_REUSE',
      'UPKI_RA_DNS_ACCOUNT',
      'UPKI_VA_HTTP_PORT',
      'UPKI_VA_TLS_PORT',
    ],
  },
  {
    title: 'What ACME clients are offered',
    variables: [
      'UPKI_RA_PROFILE',
      'UPKI_RA_TERMS',
      'UPKI_RA_TERMS_CHANGED',
      'UPKI_RA_WEBSITE',
      'UPKI_RA_PREAUTHORIZATION',
      'UPKI_RA_ORDER_LIFETIME',
      'UPKI_RA_AUTHORIZATION_LIFETIME',
      'UPKI_RA_CHALLENGE_HOLD',
      'UPKI_RA_MAX_IDENTIFIERS',
    ],
  },
  {
    title: 'Nodes and devices',
    about: 'See [nodes](nodes.md) and [EST](est.md).',
    variables: ['UPKI_RA_SEED_LIFETIME', 'UPKI_RA_NODE_PREAUTHORIZATION', 'UPKI_RA_EST_TRUST_FILE'],
  },
  {
    title: 'How much one client may use',
    about: 'See [limits](limits.md).',
    variables: [
      'UPKI_RA_LIMIT_ACCOUNTS',
      'UPKI_RA_LIMIT_ORDERS',
      'UPKI_RA_LIMIT_NAMES',
      'UPKI_RA_LIMIT_FAILURES',
      'UPKI_RA_LIMIT_DUPLICATES',
      'UPKI_RA_LIMIT_SEEDS',
      'UPKI_RA_UNUSED_ACCOUNT_LIFETIME',
    ],
  },
  {
    title: 'Metrics and notices',
    about: 'See [monitoring](monitoring.md).',
    variables: [
      'UPKI_METRICS',
      'UPKI_NOTIFY',
      'UPKI_NOTIFY_SECRET',
      'UPKI_SMTP_URL',
      'UPKI_NOTIFY_CONTACTS',
      'UPKI_NOTIFY_BACKUP_AGE',
    ],
  },
  {
    title: 'CA and RA on two machines',
    variables: [
      'UPKI_CA_HOST',
      'UPKI_CA_PORT',
      'UPKI_CA_REGISTRATION_PORT',
      'UPKI_CA_SEED',
      'UPKI_CA_ADMINS_BY_RA',
      'UPKI_ZMQ_TIMEOUT',
    ],
  },
  {
    title: 'The keys of the CA',
    about:
      'All of them except the passphrase take effect only when the CA is initialised. See [roots and issuers](authority.md).',
    variables: [
      'UPKI_CA_PASSPHRASE',
      'UPKI_CA_KEY_FILE',
      'UPKI_CA_CERT_FILE',
      'UPKI_CA_KEY_TYPE',
      'UPKI_CA_COMPANY',
      'UPKI_CA_SUCCEED_AT',
    ],
  },
  {
    title: 'Revocation',
    variables: ['UPKI_CA_PUBLIC_URL', 'UPKI_CA_CRL_VALIDITY', 'UPKI_CA_OCSP_VALIDITY'],
  },
  {
    title: 'What is kept, and how long',
    about: 'See [operations](operations.md).',
    variables: ['UPKI_KEEP_CERTIFICATES', 'UPKI_KEEP_AUDIT'],
  },
  { title: 'Backups', about: 'See [operations](operations.md).', variables: ['UPKI_BACKUP_PASSPHRASE'] },
];

/** Settings for the migration from the Python programs, explained in docs/migration.md instead of docs/configuration.md. */
export const MIGRATION: readonly string[] = ['UPKI_ZMQ_MODE', 'UPKI_ZMQ_CLEAR_ANY'];
