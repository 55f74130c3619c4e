import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { der, generalName } from './csr.js';

const SEQUENCE = 0x30;
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const ECDSA_SHA256 = der(SEQUENCE, oid('2a8648ce3d040302'));
const TRUE = der(0x01, Buffer.from([0xff]));
const HOUR = 3600_000;

/** DER content of the extended key usages id-kp-serverAuth and id-kp-clientAuth. */
export const SERVER_AUTH = oid('2b06010505070301');
export const CLIENT_AUTH = oid('2b06010505070302');

/** PEM. */
export interface KeyAndCertificate {
  key: string;
  cert: string;
}

export interface LeafOptions {
  commonName?: string;
  names?: readonly string[];
  usages?: Buffer[];
  /** Milliseconds since the epoch. */
  notBefore?: number;
  notAfter?: number;
  /** Hex; the next unused one when absent. */
  serial?: string;
}

export interface TestPki {
  /** PEM of the root. */
  root: string;
  /** PEM of its key. */
  rootKey: string;
  leaf(options: LeafOptions): KeyAndCertificate;
  /** PEM of a certificate for a given public key. */
  certify(publicKey: KeyObject, options: LeafOptions): string;
}

const name = (commonName: string) =>
  der(SEQUENCE, der(0x31, der(SEQUENCE, oid('550403'), der(0x0c, Buffer.from(commonName)))));
const time = (milliseconds: number) =>
  der(0x18, Buffer.from(`${new Date(milliseconds).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));
const extension = (id: string, critical: boolean, value: Buffer) =>
  der(SEQUENCE, oid(id), ...(critical ? [TRUE] : []), der(0x04, value));

let serial = 0x1000;

interface Fields {
  issuer: string;
  subject: string;
  notBefore: number;
  notAfter: number;
  publicKey: KeyObject;
  signWith: KeyObject;
  extensions: Buffer[];
  serial?: string | undefined;
}

function certificate(fields: Fields): string {
  const number = Buffer.from(fields.serial ?? (serial++).toString(16), 'hex');
  const tbs = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, number),
    ECDSA_SHA256,
    name(fields.issuer),
    der(SEQUENCE, time(fields.notBefore), time(fields.notAfter)),
    name(fields.subject),
    fields.publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, der(SEQUENCE, ...fields.extensions)),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', tbs, fields.signWith));
  const base64 = der(SEQUENCE, tbs, ECDSA_SHA256, signature).toString('base64');
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}

/** A separate root for tests of TLS, not made with the product's codec. */
export function createTestPki(rootName = 'Test Root'): TestPki {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const root = certificate({
    issuer: rootName,
    subject: rootName,
    notBefore: Date.now() - 24 * HOUR,
    notAfter: Date.now() + 240 * HOUR,
    publicKey,
    signWith: privateKey,
    extensions: [
      extension('551d13', true, der(SEQUENCE, TRUE)),
      extension('551d0f', true, der(0x03, Buffer.from([1, 0x06]))),
    ],
  });
  const keyId = createHash('sha1')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest();
  const certify = (
    subjectKey: KeyObject,
    { commonName, names = [], usages = [SERVER_AUTH], serial, ...times }: LeafOptions,
  ): string => {
    const altNames = der(SEQUENCE, ...names.map((each) => generalName(each)));
    return certificate({
      issuer: rootName,
      subject: commonName ?? names[0] ?? 'nobody',
      notBefore: times.notBefore ?? Date.now() - HOUR,
      notAfter: times.notAfter ?? Date.now() + 24 * HOUR,
      publicKey: subjectKey,
      signWith: privateKey,
      serial,
      extensions: [
        extension('551d23', false, der(SEQUENCE, der(0x80, keyId))),
        extension('551d25', false, der(SEQUENCE, ...usages)),
        ...(names.length > 0 ? [extension('551d11', false, altNames)] : []),
      ],
    });
  };
  const leaf = (options: LeafOptions): KeyAndCertificate => {
    const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = key.export({ format: 'pem', type: 'pkcs8' }).toString();
    return { key: pem, cert: certify(createPublicKey(key), options) };
  };
  const rootKey = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  return { root, rootKey, leaf, certify };
}
