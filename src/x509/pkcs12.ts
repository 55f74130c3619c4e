import {
  createCipheriv,
  createHash,
  createHmac,
  type KeyObject,
  pbkdf2,
  pbkdf2Sync,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';
import {
  bmpString,
  encode,
  explicit,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
  set,
} from './der-writer.js';
import { OID } from './oids.js';
import { contextPrimitive } from './tags.js';

/**
 * How a PKCS #12 file is protected. `aes256`: PBES2 with PBKDF2-HMAC-SHA-256 and AES-256 (RFC 8018), integrity by
 * HMAC-SHA-256; for OpenSSL, NSS (Firefox), Windows 10 and later. `tripleDes`: the PBE of RFC 7292 appendix C with SHA-1,
 * for older programs such as the keychain of macOS up to 14.
 */
export type Pkcs12Protection = 'aes256' | 'tripleDes';

interface Pkcs12Contents {
  key: KeyObject;
  /** DER, leaf first. */
  certificates: readonly Uint8Array[];
  /** The name that programs display. */
  friendlyName: string;
}

interface Pkcs12Options {
  passphrase: string;
  protection?: Pkcs12Protection;
  random?: (size: number) => Buffer;
}

/** Derived three times a file, in about 0.1 s. Windows accepts at most 600,000 iterations. */
const ITERATIONS = 50_000;
/** Lower, because this derivation runs in JavaScript, five times a file. */
const LEGACY_ITERATIONS = 10_000;
const SALT_BYTES = 16;

/** Whether the passphrase is printable ASCII: programs encode other characters differently. */
export function isPkcs12Passphrase(passphrase: string): boolean {
  return /^[\x20-\x7e]+$/.test(passphrase);
}

/**
 * RFC 7292: DER of a PFX with a private key and its certificate chain, both encrypted.
 * @throws RangeError when `isPkcs12Passphrase` rejects the passphrase
 */
export function createPkcs12(
  { key, certificates, friendlyName }: Pkcs12Contents,
  { passphrase, protection = 'aes256', random = randomBytes }: Pkcs12Options,
): Buffer {
  if (!isPkcs12Passphrase(passphrase)) {
    throw new RangeError('the passphrase must be printable ASCII characters');
  }
  const encrypt = (plain: Uint8Array) => PROTECTIONS[protection].encrypt(plain, passphrase, random);
  const [leaf = Buffer.alloc(0), ...chain] = certificates;
  const id = createHash('sha1').update(leaf).digest();
  const certificateBags = [
    safeBag(OID.certBag, certBag(leaf), id, friendlyName),
    ...chain.map((each) => safeBag(OID.certBag, certBag(each))),
  ];
  const keyInfo = encrypt(key.export({ type: 'pkcs8', format: 'der' }));
  const keyBag = safeBag(
    OID.pkcs8ShroudedKeyBag,
    sequence(keyInfo.algorithm, octetString(keyInfo.cipherText)),
    id,
    friendlyName,
  );
  const authenticatedSafe = sequence(
    encryptedData(encrypt(sequence(...certificateBags))),
    contentInfo(OID.pkcs7Data, octetString(sequence(keyBag))),
  );
  return sequence(
    integer(3),
    contentInfo(OID.pkcs7Data, octetString(authenticatedSafe)),
    PROTECTIONS[protection].mac(authenticatedSafe, passphrase, random),
  );
}

interface Encrypted {
  /** AlgorithmIdentifier with its parameters. */
  algorithm: Buffer;
  cipherText: Buffer;
}

type Random = (size: number) => Buffer;

const PROTECTIONS: Record<
  Pkcs12Protection,
  {
    encrypt(plain: Uint8Array, passphrase: string, random: Random): Encrypted;
    mac(content: Uint8Array, passphrase: string, random: Random): Buffer;
  }
> = {
  aes256: {
    encrypt: pbes2,
    mac: (content, passphrase, random) => macData('sha256', ITERATIONS, content, passphrase, random),
  },
  tripleDes: {
    encrypt: pbeWithSha1And3Des,
    mac: (content, passphrase, random) => macData('sha1', LEGACY_ITERATIONS, content, passphrase, random),
  },
};

/** RFC 8018 §6.2 with PBKDF2-HMAC-SHA-256 (appendix A.2) and AES-256-CBC (appendix B.2.5). */
function pbes2(plain: Uint8Array, passphrase: string, random: Random): Encrypted {
  const salt = random(SALT_BYTES);
  const key = pbkdf2Sync(passphrase, salt, ITERATIONS, AES_256_BYTES, 'sha256');
  return pbes2By(key, plain, { salt, iv: random(16), iterations: ITERATIONS });
}

/** The same with a given number of iterations, derived off the event loop. */
export async function pbes2Later(
  plain: Uint8Array,
  passphrase: string,
  random: Random,
  iterations: number,
): Promise<Encrypted> {
  const salt = random(SALT_BYTES);
  const key = await pbkdf2Later(passphrase, salt, iterations, AES_256_BYTES, 'sha256');
  return pbes2By(key, plain, { salt, iv: random(16), iterations });
}

const pbkdf2Later = promisify(pbkdf2);
const AES_256_BYTES = 32;

function pbes2By(
  key: Buffer,
  plain: Uint8Array,
  { salt, iv, iterations }: { salt: Buffer; iv: Buffer; iterations: number },
): Encrypted {
  const derivation = sequence(
    oid(OID.pbkdf2),
    sequence(
      octetString(salt),
      integer(iterations),
      integer(key.length),
      sequence(oid(OID.hmacWithSha256), nullValue()),
    ),
  );
  const scheme = sequence(oid(OID.aes256Cbc), octetString(iv));
  return {
    algorithm: sequence(oid(OID.pbes2), sequence(derivation, scheme)),
    cipherText: cbc('aes-256-cbc', key, iv, plain),
  };
}

/** RFC 7292 appendix C, pbeWithSHAAnd3-KeyTripleDES-CBC. */
function pbeWithSha1And3Des(plain: Uint8Array, passphrase: string, random: Random): Encrypted {
  const salt = random(SALT_BYTES);
  const derive = (purpose: Purpose, size: number) =>
    deriveKey('sha1', purpose, passphrase, salt, LEGACY_ITERATIONS, size);
  return {
    algorithm: sequence(oid(OID.pbeWithSha1And3Des), sequence(octetString(salt), integer(LEGACY_ITERATIONS))),
    cipherText: cbc('des-ede3-cbc', derive(PURPOSE.key, 24), derive(PURPOSE.iv, 8), plain),
  };
}

function cbc(cipher: string, key: Buffer, iv: Buffer, plain: Uint8Array): Buffer {
  const encrypting = createCipheriv(cipher, key, iv);
  return Buffer.concat([encrypting.update(plain), encrypting.final()]);
}

/** RFC 7292 §4: HMAC over the content of the authenticated safe. */
function macData(
  hash: keyof typeof DIGESTS,
  iterations: number,
  content: Uint8Array,
  passphrase: string,
  random: Random,
): Buffer {
  const salt = random(SALT_BYTES);
  const { size, identifier } = DIGESTS[hash];
  const key = deriveKey(hash, PURPOSE.mac, passphrase, salt, iterations, size);
  const digest = createHmac(hash, key).update(content).digest();
  return sequence(
    sequence(sequence(oid(identifier), nullValue()), octetString(digest)),
    octetString(salt),
    integer(iterations),
  );
}

const DIGESTS = {
  sha1: { size: 20, identifier: OID.sha1 },
  sha256: { size: 32, identifier: OID.sha256 },
} as const;

/** RFC 7292 appendix B.3. */
const PURPOSE = { key: 1, iv: 2, mac: 3 } as const;
type Purpose = (typeof PURPOSE)[keyof typeof PURPOSE];

/** Block size of SHA-1 and SHA-256 in octets: v in RFC 7292 appendix B.2. */
const BLOCK = 64;

/** RFC 7292 appendix B.2, with the appendix's variable names. */
function deriveKey(
  hash: keyof typeof DIGESTS,
  purpose: Purpose,
  passphrase: string,
  salt: Buffer,
  iterations: number,
  size: number,
): Buffer {
  const diversifier = Buffer.alloc(BLOCK, purpose);
  // Appendix B.1: big-endian UTF-16 with a terminating zero.
  const password = Buffer.from(`${passphrase}\0`, 'utf16le').swap16();
  const I = Buffer.concat([filled(salt), filled(password)]);
  const blocks: Buffer[] = [];
  for (let made = 0; made < size; made += DIGESTS[hash].size) {
    let A = createHash(hash).update(diversifier).update(I).digest();
    for (let round = 1; round < iterations; round += 1) A = createHash(hash).update(A).digest();
    blocks.push(A);
    addToBlocks(I, filled(A).subarray(0, BLOCK));
  }
  return Buffer.concat(blocks).subarray(0, size);
}

/** Repeated to a whole number of blocks. */
function filled(bytes: Buffer): Buffer {
  return Buffer.alloc(Math.ceil(bytes.length / BLOCK) * BLOCK, bytes);
}

/** Adds B + 1 to each block of I, modulo 2^(8v). */
function addToBlocks(I: Buffer, B: Buffer): void {
  for (let start = 0; start < I.length; start += BLOCK) {
    let carry = 1;
    for (let index = BLOCK - 1; index >= 0; index -= 1) {
      carry += (I[start + index] ?? 0) + (B[index] ?? 0);
      I[start + index] = carry & 0xff;
      carry >>= 8;
    }
  }
}

function contentInfo(type: string, content: Buffer): Buffer {
  return sequence(oid(type), explicit(0, content));
}

/** RFC 2315 §13. */
function encryptedData({ algorithm, cipherText }: Encrypted): Buffer {
  const content = sequence(oid(OID.pkcs7Data), algorithm, encode(contextPrimitive(0), cipherText));
  return contentInfo(OID.pkcs7EncryptedData, sequence(integer(0), content));
}

/** RFC 7292 §4.2.3. */
function certBag(certificate: Uint8Array): Buffer {
  return sequence(oid(OID.x509CertificateBag), explicit(0, octetString(certificate)));
}

/** RFC 7292 §4.2; `localKeyId` links a key to its certificate. */
function safeBag(type: string, value: Buffer, localKeyId?: Buffer, friendlyName?: string): Buffer {
  const attributes = [
    ...(friendlyName === undefined ? [] : [attribute(OID.friendlyName, bmpString(friendlyName))]),
    ...(localKeyId === undefined ? [] : [attribute(OID.localKeyId, octetString(localKeyId))]),
  ];
  return sequence(
    oid(type),
    explicit(0, value),
    ...(attributes.length > 0 ? [set(...attributes.sort(Buffer.compare))] : []),
  );
}

const attribute = (type: string, value: Buffer) => sequence(oid(type), set(value));
