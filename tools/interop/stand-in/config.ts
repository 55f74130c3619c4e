import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** The parts of Pebble's configuration that apply to uPKI. Its `retryAfter`, `keyAlgorithm` and fault injection do not. */
export interface PebbleConfig {
  listenAddress: string;
  managementListenAddress?: string;
  certificate: string;
  privateKey: string;
  httpPort: number;
  tlsPort: number;
  externalAccountBindingRequired?: boolean;
  externalAccountMACKeys?: Record<string, string>;
  domainBlocklist?: string[];
  profiles?: Record<string, { description: string; validityPeriod: number }>;
}

export interface Asked {
  config: PebbleConfig;
  /** `host:port`; null for the system's resolver. */
  dns: string | null;
}

/** Pebble's command line, as a suite starts it: Go's flags, with one dash or two. */
export async function readCommandLine(args: string[]): Promise<Asked> {
  const { values } = parseArgs({
    args: args.map((each) => each.replace(/^-(?=[a-z])/, '--')),
    options: {
      config: { type: 'string', default: 'test/config/pebble-config.json' },
      dnsserver: { type: 'string' },
      strict: { type: 'boolean' },
    },
  });
  const { pebble }: { pebble: PebbleConfig } = JSON.parse(await readFile(values.config, 'utf8'), asGoReads);
  return { config: pebble, dns: values.dnsserver ?? null };
}

/** Pebble is written in Go, which reads member names in any case. */
function asGoReads(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('externalAccountMacKeys' in value)) return value;
  return { ...value, externalAccountMACKeys: value.externalAccountMacKeys };
}

/** The same as uPKI's settings; account keys and profiles are written to files of its data directory. */
export async function settingsFor({ config, dns }: Asked, dataDir: string): Promise<Record<string, string>> {
  const keys = config.externalAccountMACKeys ?? {};
  const eab = join(dataDir, 'eab.json');
  const folder = join(dataDir, 'ca/profiles');
  await writeFile(eab, JSON.stringify(keys), { mode: 0o600 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [name, { description, validityPeriod }] of Object.entries(config.profiles ?? {})) {
    const profile = {
      description,
      duration: `${Math.round(validityPeriod / 3600)}h`,
      keyUsage: ['digitalSignature', 'keyEncipherment'],
      extendedKeyUsage: ['serverAuth'],
    };
    await writeFile(join(folder, `${name}.yml`), JSON.stringify(profile));
  }
  const blocked = config.domainBlocklist ?? [];
  return {
    // Pebble offers the challenges of the drafts as well.
    UPKI_RA_DNS_PERSIST: 'true',
    UPKI_RA_DNS_ACCOUNT: 'true',
    // Pebble has terms of service that accounts must agree to.
    UPKI_RA_TERMS: 'https://upki.internal/terms',
    UPKI_RA_URL: `https://${config.listenAddress.replace(/^(0\.0\.0\.0)?:/, 'localhost:')}`,
    UPKI_VA_HTTP_PORT: String(config.httpPort),
    UPKI_VA_TLS_PORT: String(config.tlsPort),
    ...(dns !== null && { UPKI_VA_RESOLVERS: dns.replace(/^:/, '127.0.0.1:') }),
    ...(config.profiles?.default && { UPKI_RA_PROFILE: 'default' }),
    ...(Object.keys(keys).length > 0 && { UPKI_RA_EAB_FILE: eab }),
    ...(config.externalAccountBindingRequired && { UPKI_RA_EAB_REQUIRED: 'true' }),
    ...(blocked.length > 0 && { UPKI_RA_DENY: blocked.join(',') }),
  };
}
