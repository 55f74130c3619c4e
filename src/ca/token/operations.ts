import { createHash, createPublicKey } from 'node:crypto';
import { unlessMalformed } from '../../x509/der-error.js';
import { octetStringIn } from '../../x509/der-reader.js';
import { bitString, integerFromHex, nullValue, octetString, oid, sequence } from '../../x509/der-writer.js';
import { OID } from '../../x509/oids.js';
import { CK, CKA, CKM, type Handle, type Library, type TokenAttribute } from './pkcs11.js';
import { type TokenCall, TokenError, type TokenKeySpec } from './protocol.js';
import { TokenSessions } from './session.js';

/**
 * Finds, makes and uses keys in the tokens of one library. Every call blocks, so this runs in a thread of its
 * own.
 */
export class TokenOperations {
  readonly #sessions: TokenSessions;

  constructor(private readonly lib: Library) {
    this.#sessions = new TokenSessions(lib);
  }

  /** @throws TokenError */
  do(call: TokenCall): Buffer | null {
    return this.#sessions.within(call.place, (session) => {
      switch (call.op) {
        case 'find':
          return this.#publicKey(session, call.place.uri);
        case 'make':
          return this.#make(session, call);
        case 'sign':
          return this.#sign(session, call);
      }
    });
  }

  /** DER SubjectPublicKeyInfo; null: there is no such private key. */
  #publicKey(session: Handle, uri: TokenCall['place']['uri']): Buffer | null {
    const key = this.#sessions.find(session, uri, 'private');
    if (key === null) return null;
    const [id] = this.#read(session, key, [CKA.id]);
    const pair = this.#sessions.find(
      session,
      { ...uri, object: null, id: id?.toString('hex') ?? uri.id },
      'public',
    );
    // The private object of an RSA key has the public numbers too; other types need the public object.
    return this.#spki(session, pair ?? key);
  }

  #spki(session: Handle, key: Handle): Buffer {
    const [type] = this.#read(session, key, [CKA.keyType]);
    if (type?.readUInt8(0) === KEY_TYPE.rsa) {
      const [modulus, exponent] = this.#read(session, key, [CKA.modulus, CKA.publicExponent]);
      if (!modulus || !exponent) throw new TokenError('setup', 'the token does not tell the public key');
      const numbers = sequence(integerFromHex(unsigned(modulus)), integerFromHex(unsigned(exponent)));
      return sequence(sequence(oid(OID.rsaEncryption), nullValue()), bitString(numbers));
    }
    const [parameters, encoded] = this.#read(session, key, [CKA.ecParams, CKA.ecPoint]);
    if (!parameters || !encoded)
      throw new TokenError(
        'setup',
        'the token has no public key beside the private one: put it there with the same id',
      );
    const point = unwrapped(encoded);
    if (type?.readUInt8(0) === KEY_TYPE.edwards)
      return sequence(sequence(oid(OID.ed25519)), bitString(point));
    return sequence(sequence(oid(OID.ecPublicKey), parameters), bitString(point));
  }

  #read(session: Handle, object: Handle, types: number[]): (Buffer | undefined)[] {
    try {
      const found = this.lib.C_GetAttributeValue(
        session,
        object,
        types.map((type) => ({ type })),
      );
      return found.map(({ value }) => (value.length === 0 ? undefined : value));
    } catch {
      return types.map(() => undefined);
    }
  }

  #make(session: Handle, { spec, object, id }: Extract<TokenCall, { op: 'make' }>): Buffer {
    const shared: TokenAttribute[] = [
      { type: CKA.token, value: true },
      { type: CKA.label, value: object },
      { type: CKA.id, value: Buffer.from(id, 'hex') },
    ];
    const { publicKey } = this.lib.C_GenerateKeyPair(
      session,
      { mechanism: generator(spec), parameter: null },
      [...shared, { type: CKA.verify, value: true }, ...parametersOf(spec)],
      [
        ...shared,
        { type: CKA.private, value: true },
        { type: CKA.sensitive, value: true },
        { type: CKA.extractable, value: false },
        { type: CKA.sign, value: true },
      ],
    );
    return this.#spki(session, publicKey);
  }

  #sign(session: Handle, { place, spki, hash, data }: Extract<TokenCall, { op: 'sign' }>): Buffer {
    const key = this.#sessions.find(session, place.uri, 'private');
    if (key === null) throw new TokenError('absent', 'the key is not in the token');
    const found = this.#publicKey(session, place.uri);
    if (found !== null && !found.equals(spki))
      throw new TokenError('setup', 'the token holds another key under this name');
    const digest = hash === null ? Buffer.from(data) : createHash(hash).update(data).digest();
    const type = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).asymmetricKeyType;
    if (type === 'rsa')
      return this.#raw(session, key, CKM.rsaPkcs, digestInfo(hash ?? '', digest), place.pin);
    if (type === 'ed25519') return this.#raw(session, key, CKM.eddsa, digest, place.pin);
    const raw = this.#raw(session, key, CKM.ecdsa, digest, place.pin);
    const half = raw.length / 2;
    return sequence(
      integerFromHex(unsigned(raw.subarray(0, half))),
      integerFromHex(unsigned(raw.subarray(half))),
    );
  }

  #raw(session: Handle, key: Handle, mechanism: number, data: Buffer, pin: string | null): Buffer {
    this.lib.C_SignInit(session, { mechanism, parameter: null }, key);
    const [always] = this.#read(session, key, [CKA.alwaysAuthenticate]);
    // Some keys need the PIN for each signature, such as those in a YubiKey's slot 9c.
    if (always?.[0] === 1 && pin !== null) this.lib.C_Login(session, CK.contextSpecific, pin);
    return this.lib.C_Sign(session, data, Buffer.alloc(MOST_SIGNATURE));
  }
}

const KEY_TYPE = { rsa: 0x0, edwards: 0x40 };
/** The length of a signature by an RSA key of 8192 bits. */
const MOST_SIGNATURE = 1024;

/** Minimal hex of an unsigned number, never empty. */
const unsigned = (bytes: Buffer): string => bytes.toString('hex').replace(/^(?:00)+(?=..)/, '');

/** CKA_EC_POINT is an OCTET STRING with the point; some tokens return the bare point. */
function unwrapped(encoded: Buffer): Buffer {
  return unlessMalformed(() => octetStringIn(encoded, 'EC point')) ?? encoded;
}

const CURVES = { 'P-256': OID.prime256v1, 'P-384': OID.secp384r1, 'P-521': OID.secp521r1 };

function generator({ type }: TokenKeySpec): number {
  return type === 'rsa' ? CKM.rsaKeyPair : type === 'ec' ? CKM.ecKeyPair : CKM.edwardsKeyPair;
}

function parametersOf(spec: TokenKeySpec): TokenAttribute[] {
  if (spec.type === 'rsa') {
    return [
      { type: CKA.modulusBits, value: spec.bits },
      { type: CKA.publicExponent, value: Buffer.from([1, 0, 1]) },
    ];
  }
  return [{ type: CKA.ecParams, value: oid(spec.type === 'ec' ? CURVES[spec.curve] : OID.ed25519) }];
}

const HASH_OIDS: Record<string, string> = { sha256: OID.sha256, sha384: OID.sha384, sha512: OID.sha512 };

/** RFC 8017 §9.2: what an RSA key signs. */
function digestInfo(hash: string, digest: Buffer): Buffer {
  return sequence(sequence(oid(HASH_OIDS[hash] ?? OID.sha256), nullValue()), octetString(digest));
}
