import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';

/** A DER encoder for PKCS #10 requests, independent of the product's codec so that the two check each other. */
export function der(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const size = Buffer.from(body.length.toString(16).padStart(body.length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | size.length]), size, body]);
}

const SEQUENCE = 0x30;
const SET = 0x31;
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const COMMON_NAME = '550403';
const EXTENSION_REQUEST = oid('2a864886f70d01090e');
const SUBJECT_ALT_NAME = oid('551d11');

const SIGNATURE = {
  P256: { hash: 'sha256', algorithm: der(SEQUENCE, oid('2a8648ce3d040302')) },
  P384: { hash: 'sha384', algorithm: der(SEQUENCE, oid('2a8648ce3d040303')) },
  P521: { hash: 'sha512', algorithm: der(SEQUENCE, oid('2a8648ce3d040304')) },
  RSA: { hash: 'sha256', algorithm: der(SEQUENCE, oid('2a864886f70d01010b'), der(0x05)) },
  Ed25519: { hash: null, algorithm: der(SEQUENCE, oid('2b6570')) },
};

function signatureOf(key: KeyObject): { hash: string | null; algorithm: Buffer } {
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return SIGNATURE.RSA;
    case 'ed25519':
      return SIGNATURE.Ed25519;
    default:
      break;
  }
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'secp384r1') return SIGNATURE.P384;
  return curve === 'secp521r1' ? SIGNATURE.P521 : SIGNATURE.P256;
}

function addressBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const left = groups(head);
  const right = groups(tail);
  const middle = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  return Buffer.from([...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

export function generalName(value: string): Buffer {
  return isIP(value) ? der(0x87, addressBytes(value)) : der(0x82, Buffer.from(value, 'latin1'));
}

export interface CsrOptions {
  /** Private key of the certificate; a fresh P-256 key when absent. */
  key?: KeyObject;
  /** If absent, the subject is empty. */
  commonName?: string;
  /** DER of further Extension values to request, such as basicConstraints with CA:TRUE. */
  extensions?: Uint8Array[];
  /** DER of further attributes. Without names and extensions, they are the only ones. */
  attributes?: Uint8Array[];
  /** DER of the subject, instead of `commonName`. */
  subject?: Uint8Array;
  /** The version field; RFC 2986 requires 0. */
  version?: number;
  /** DER of further GeneralNames, in forms that `names` cannot express. */
  generalNames?: Uint8Array[];
}

/** DER of a Name with one attribute per RDN: the type in hex, the string's tag and its value. */
export function subjectOf(...attributes: [type: string, tag: number, value: string][]): Buffer {
  return der(
    SEQUENCE,
    ...attributes.map(([type, tag, value]) =>
      der(SET, der(SEQUENCE, oid(type), der(tag, Buffer.from(value, 'utf8')))),
    ),
  );
}

/** A PKCS #10 request (DER) with exactly these DNS names and IP addresses, and its private key. */
export function createCsr(
  names: readonly string[],
  options: CsrOptions = {},
): { der: Buffer; key: KeyObject } {
  const key = options.key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const { commonName, version = 0, generalNames = [] } = options;
  const subject =
    options.subject ??
    (commonName === undefined ? der(SEQUENCE) : subjectOf([COMMON_NAME, 0x0c, commonName]));
  const sans = [...names.map((name) => generalName(name)), ...generalNames];
  const altNames = der(SEQUENCE, SUBJECT_ALT_NAME, der(0x04, der(SEQUENCE, ...sans)));
  const asked = [...(sans.length > 0 ? [altNames] : []), ...(options.extensions ?? [])];
  const request = der(SEQUENCE, EXTENSION_REQUEST, der(SET, der(SEQUENCE, ...asked)));
  const further = options.attributes ?? [];
  const attributes = der(0xa0, ...(asked.length > 0 || further.length === 0 ? [request] : []), ...further);
  const info = der(SEQUENCE, der(0x02, Buffer.from([version])), subject, spki, attributes);
  const { hash, algorithm } = signatureOf(key);
  const signature = der(0x03, Buffer.from([0]), sign(hash, info, key));
  return { der: der(SEQUENCE, info, algorithm, signature), key };
}
