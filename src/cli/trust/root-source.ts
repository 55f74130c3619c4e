import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOTS_FILE, type Root, readRoots } from '../../pages/roots.js';
import { CannotStart, WrongUsage } from '../../programs/exit.js';
import { parseCertificate } from '../../x509/certificate.js';
import { parseBasicConstraints } from '../../x509/extensions.js';
import { OID } from '../../x509/oids.js';
import { exchange } from '../http.js';

const TIME_LIMIT = 15_000;
const MOST = 256 * 1024;

/** Reads a fingerprint as `openssl x509 -fingerprint`, `sha256sum` or a browser print it. @returns upper-case hex @throws WrongUsage */
export function parseFingerprint(text: string): string {
  const hex = text
    .replace(/^sha-?256[:= ]/i, '')
    .replace(/[\s:]/g, '')
    .toUpperCase();
  if (/^[0-9A-F]{64}$/.test(hex)) return hex;
  throw new WrongUsage(
    `--fingerprint is ${JSON.stringify(text)}: it must be the SHA-256 of the root, 64 hex digits with or without colons`,
  );
}

/** The roots of the uPKI on this machine. @throws CannotStart when no RA has ever served from the directory */
export async function localRoots(directory: string): Promise<Root[]> {
  for (const path of [
    join(directory, 'ra', 'ca.crt'),
    join(directory, 'ca.crt'),
    join(directory, 'ca', 'ca.crt'),
  ]) {
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text !== null) return rootsIn(text, path);
  }
  throw new CannotStart(
    `there is no uPKI in ${directory}: name its RA with --url and --fingerprint, or its directory with -d`,
  );
}

/** Roots that an RA publishes. */
export interface FetchedRoots {
  /** Roots with the requested fingerprints. Only the fingerprint authenticates them, not the connection. */
  roots: Root[];
  /** Other published roots: there is more than one while a root is replaced. Nothing authenticates them. */
  others: Root[];
}

/** Fetches the roots of an RA. @throws CannotStart when no published root has one of the fingerprints */
export async function fetchedRoots(url: string, fingerprints: readonly string[]): Promise<FetchedRoots> {
  const base = URL.canParse(url) ? new URL(url) : null;
  if (base === null || !['http:', 'https:'].includes(base.protocol))
    throw new WrongUsage(`--url is ${JSON.stringify(url)}: it must be the https or http URL of the RA`);
  const path = base.protocol === 'https:' ? '/api/v1/public/ca' : ROOTS_FILE;
  const found = rootsIn(await fetchText(new URL(path, base)), base.href);
  const missing = fingerprints.filter((wanted) => !found.some(({ sha256 }) => sha256 === wanted));
  if (missing.length > 0) {
    const there = found.map(({ sha256 }) => sha256).join(', ');
    throw new CannotStart(
      `${base.origin} has a root with the SHA-256 ${there}, not ${missing.join(', ')}: nothing was changed`,
    );
  }
  const isWanted = ({ sha256 }: Root) => fingerprints.includes(sha256);
  return { roots: found.filter(isWanted), others: found.filter((root) => !isWanted(root)) };
}

/** @throws CannotStart for anything but self-signed CA certificates */
export function rootsIn(pem: string, where: string): Root[] {
  let roots: Root[];
  try {
    roots = readRoots(pem);
  } catch {
    roots = [];
  }
  if (roots.length === 0) throw new CannotStart(`${where} contains no certificate`);
  for (const { der, subject } of roots) {
    const constraints = parseCertificate(der).extensions.get(OID.basicConstraints);
    if (constraints === undefined || !parseBasicConstraints(constraints.value).ca)
      throw new CannotStart(
        `${where} contains ${subject}, which is not a self-signed CA certificate: nothing was changed`,
      );
  }
  return roots;
}

/** @throws CannotStart */
async function fetchText({ href, protocol, hostname, port, pathname }: URL): Promise<string> {
  const fail = (why: string) => new CannotStart(`${href}: ${why}`);
  const { status, content } = await exchange({
    ...{ tls: protocol === 'https:', timeLimit: TIME_LIMIT, maxOctets: MOST, rejectUnauthorized: false },
    ...{ host: hostname.replace(/^\[|\]$/g, ''), port, path: pathname },
  }).catch((error: Error) => {
    throw fail(error.message);
  });
  if (status !== 200) throw fail(`the answer is ${status}, not a root certificate`);
  return content.toString('latin1');
}
