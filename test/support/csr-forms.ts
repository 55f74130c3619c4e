import type { OrderName } from '../../src/x509/order-csr.js';
import { type CsrOptions, createCsr, der, subjectOf } from '../../tools/kit/csr.js';

/** A form of CSR that real clients send, with the identifiers of its order. */
export interface CsrForm {
  what: string;
  identifiers: OrderName[];
  csr: () => Buffer;
}

const COMMON_NAME = '550403';
const ORGANIZATION = '55040a';
const UTF8 = 0x0c;
const PRINTABLE = 0x13;

const dns = (...values: string[]): OrderName[] => values.map((value) => ({ type: 'dns', value }));
const ip = (...values: string[]): OrderName[] => values.map((value) => ({ type: 'ip', value }));
const form = (
  what: string,
  identifiers: OrderName[],
  names: string[],
  options: CsrOptions = {},
): CsrForm => ({ what, identifiers, csr: () => createCsr(names, options).der });

const extension = (oid: string, value: Buffer, critical = false) =>
  der(
    0x30,
    der(0x06, Buffer.from(oid, 'hex')),
    ...(critical ? [der(0x01, Buffer.from([0xff]))] : []),
    der(0x04, value),
  );
const feature = (...numbers: number[]) =>
  extension('2b06010505070118', der(0x30, ...numbers.map((each) => der(0x02, Buffer.from([each])))));
const KEY_CERT_SIGN = extension('551d0f', der(0x03, Buffer.from([2, 0x04])), true);
const CODE_SIGNING = extension('551d25', der(0x30, der(0x06, Buffer.from('2b06010505070303', 'hex'))));
const UNKNOWN = extension('2b0601040182371401', der(0x05), true);
const CA_TRUE = extension('551d13', der(0x30, der(0x01, Buffer.from([0xff]))));
const CA_FALSE = extension('551d13', der(0x30));
/** GeneralName of ::ffff:127.0.0.1 with 16 octets, as OpenSSL writes it; Go writes only the last four. */
const MAPPED = der(0x87, Buffer.from('00000000000000000000ffff7f000001', 'hex'));

const SAN_A = extension('551d11', der(0x30, der(0x82, Buffer.from('a.test'))));
const extensionRequest = (...values: Buffer[]) =>
  der(0x30, der(0x06, Buffer.from('2a864886f70d01090e', 'hex')), der(0x31, ...values));
/** The text with that many octets a character. */
const wide = (text: string, octets: number) =>
  [...text].map((letter) => '\0'.repeat(octets - 1) + letter).join('');

/** Forms that RA and CA both accept. */
export const CSR_FORMS: CsrForm[] = [
  form('only DNS names', dns('a.test', 'b.test'), ['b.test', 'a.test']),
  form('version 1', dns('a.test'), ['a.test'], { version: 1 }),
  form('version 2', dns('a.test'), ['a.test'], { version: 2 }),
  form('version 2 and a common name', dns('a.test'), ['a.test'], { version: 2, commonName: 'a.test' }),
  form('an empty common name beside a DNS name', dns('a.test'), ['a.test'], { commonName: '' }),
  form('an empty common name beside an address', ip('192.0.2.7'), ['192.0.2.7'], { commonName: '' }),
  form('an empty PrintableString after an organisation', dns('a.test'), ['a.test'], {
    subject: subjectOf([ORGANIZATION, UTF8, 'Plant'], [COMMON_NAME, PRINTABLE, '']),
  }),
  form('an empty common name before a right one', dns('a.test'), ['a.test'], {
    subject: subjectOf([COMMON_NAME, UTF8, ''], [COMMON_NAME, UTF8, 'a.test']),
  }),
  form('an empty common name after a right one', dns('a.test'), ['a.test'], {
    subject: subjectOf([COMMON_NAME, UTF8, 'a.test'], [COMMON_NAME, UTF8, '']),
  }),
  form('a common name and no other name', dns('a.test'), [], { commonName: 'a.test' }),
  form('two right common names', dns('a.test', 'b.test'), [], {
    subject: subjectOf([COMMON_NAME, UTF8, 'a.test'], [COMMON_NAME, UTF8, 'b.test']),
  }),
  form('capitals', dns('a.test'), ['A.Test'], { commonName: 'A.TEST' }),
  form('an A-label in capitals', dns('xn--bcher-kva.test'), ['XN--BCHER-KVA.test']),
  form('a U-label as common name', dns('xn--bcher-kva.test'), ['xn--bcher-kva.test'], {
    commonName: 'bücher.test',
  }),
  form('a name twice', dns('a.test'), ['a.test', 'A.TEST']),
  form('an address as common name', ip('2001:db8::1'), ['2001:db8::1'], {
    commonName: '2001:DB8:0:0:0:0:0:1',
  }),
  form('a wildcard', dns('*.a.test'), ['*.a.test'], { commonName: '*.a.test' }),
  form('the 4 octets of a mapped address, as Go writes it', ip('127.0.0.1'), ['127.0.0.1']),
  form('the 16 octets of a mapped address', ip('127.0.0.1'), [], { generalNames: [MAPPED] }),
  form('the 4 octets for an older order of the mapped address', ip('::ffff:7f00:1'), ['127.0.0.1']),
  form('a mapped address as common name', ip('127.0.0.1'), ['127.0.0.1'], {
    commonName: '::ffff:127.0.0.1',
  }),
  form('must-staple', dns('a.test'), ['a.test'], { extensions: [feature(5)] }),
  form('must-staple for every certificate of the chain', dns('a.test'), ['a.test'], {
    extensions: [feature(5, 17)],
  }),
  form('key usages of its own', dns('a.test'), ['a.test'], {
    extensions: [KEY_CERT_SIGN, CODE_SIGNING],
  }),
  form('an unknown critical extension', dns('a.test'), ['a.test'], { extensions: [UNKNOWN] }),
  form('basicConstraints without CA', dns('a.test'), ['a.test'], { extensions: [CA_FALSE] }),
  form('names and usages in two extension requests', dns('a.test'), ['a.test'], {
    attributes: [extensionRequest(der(0x30, CODE_SIGNING))],
  }),
  form('two values of an extension request', dns('a.test', 'b.test'), [], {
    commonName: 'b.test',
    attributes: [extensionRequest(der(0x30, CODE_SIGNING), der(0x30, SAN_A))],
  }),
  form('an extension request without a value', dns('a.test'), [], {
    commonName: 'a.test',
    attributes: [extensionRequest()],
  }),
  form('attributes that are not extensions, also malformed ones', dns('a.test'), ['a.test'], {
    attributes: [
      der(
        0x30,
        der(0x06, Buffer.from('2a864886f70d010907', 'hex')),
        der(0x31, der(UTF8, Buffer.from('secret'))),
      ),
      der(0x30, der(0x06, Buffer.from('2a03', 'hex')), der(0x30)),
    ],
  }),
  ...Object.entries({ TeletexString: [0x14, 1], BMPString: [0x1e, 2], UniversalString: [0x1c, 4] }).map(
    ([name, [tag = 0, octets = 1]]) =>
      form(`a common name as ${name}`, dns('a.test'), ['a.test'], {
        subject: subjectOf([COMMON_NAME, tag, wide('a.test', octets)]),
      }),
  ),
];

/** Forms that RA and CA both refuse; the order stays ready. */
export const CSRS_REFUSED: CsrForm[] = [
  form('another name in a second extension request', dns('b.test'), ['b.test'], {
    attributes: [extensionRequest(der(0x30, SAN_A))],
  }),
  form('another name in a second value of an extension request', dns('b.test'), [], {
    commonName: 'b.test',
    attributes: [extensionRequest(der(0x30, CODE_SIGNING), der(0x30, SAN_A))],
  }),
  form('the same extension in two extension requests', dns('a.test'), ['a.test'], {
    attributes: [extensionRequest(der(0x30, SAN_A))],
  }),
  form('a UniversalString that is no text', dns('a.test'), ['a.test'], {
    subject: subjectOf([COMMON_NAME, 0x1c, 'abc']),
  }),
  form('a version that does not exist', dns('a.test'), ['a.test'], { version: 3 }),
  form('no name at all', dns('a.test'), []),
  form('only an empty name', dns('a.test'), [], { commonName: '' }),
  form('a blank as common name', dns('a.test'), ['a.test'], { commonName: ' ' }),
  form('another name in the second common name', dns('a.test'), ['a.test'], {
    subject: subjectOf([COMMON_NAME, UTF8, 'a.test'], [COMMON_NAME, UTF8, 'bank.test']),
  }),
  form('a name too many', dns('a.test'), ['a.test', 'b.test']),
  form('a name too few', dns('a.test', 'b.test'), ['a.test']),
  form('a name that ends in a dot', dns('a.test'), ['a.test.']),
  form('an address as a DNS name', ip('192.0.2.7'), [], {
    generalNames: [der(0x82, Buffer.from('192.0.2.7'))],
  }),
  form('another address', ip('192.0.2.7'), ['192.0.2.8']),
  form('the compatible form of an address', ip('127.0.0.1'), [], {
    generalNames: [der(0x87, Buffer.from('0000000000000000000000007f000001', 'hex'))],
  }),
  form('an e-mail address', dns('a.test'), ['a.test'], {
    generalNames: [der(0x81, Buffer.from('a@a.test'))],
  }),
  form('a URI', dns('a.test'), ['a.test'], { generalNames: [der(0x86, Buffer.from('https://a.test/'))] }),
  form('a request for a CA certificate', dns('a.test'), ['a.test'], { extensions: [CA_TRUE] }),
  form('a TLS feature other than stapling', dns('a.test'), ['a.test'], { extensions: [feature(5, 23)] }),
  form('a TLS feature that is not DER', dns('a.test'), ['a.test'], {
    extensions: [extension('2b06010505070118', Buffer.from('05', 'hex'))],
  }),
];
