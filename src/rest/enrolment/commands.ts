import { shellWord } from '../../lib/shell-word.js';
import type { NodeProfile } from '../../ra/nodes/node-names.js';
import type { CertificateNames, SubjectName } from '../../x509/certificate-names.js';

/** Command lines with which a node gets its certificate, for a POSIX shell, curl and OpenSSL 1.1.1 or newer (or LibreSSL). */
export interface EnrolmentCommands {
  /** Creates key.pem. */
  generate_key: string;
  /** Creates csr.pem with that key. */
  generate_csr: string;
  /** Sends csr.pem with the seed in the variable SEED and writes fullchain.pem. The root is in ca.crt. */
  enroll: string;
}

export function enrolmentCommands(
  profile: NodeProfile,
  names: CertificateNames,
  certifyUrl: string,
): EnrolmentCommands {
  return {
    generate_key: `${keyCommand(profile)} -out key.pem`,
    generate_csr: csrCommand(profile, names),
    enroll: enrollCommand(profile, certifyUrl),
  };
}

function keyCommand({ keyType, keyLen }: NodeProfile): string {
  switch (keyType) {
    case 'ed25519':
      return 'openssl genpkey -algorithm ED25519';
    case 'ec':
      return `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-${keyLen} -pkeyopt ec_param_enc:named_curve`;
    default:
      return `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:${keyLen}`;
  }
}

function csrCommand({ keyType, digest }: NodeProfile, { commonName, names }: CertificateNames): string {
  const sans = names.flatMap(sanText).join(',');
  return [
    'openssl req -new -key key.pem -out csr.pem',
    `-subj ${shellWord(commonName === null ? '/' : `/CN=${subjectText(commonName)}`)}`,
    ...(sans === '' ? [] : [`-addext ${shellWord(`subjectAltName=${sans}`)}`]),
    // Ed25519 signs the request itself, not a digest of it.
    ...(keyType === 'ed25519' ? [] : [`-${/^sha(256|384|512)$/.test(digest) ? digest : 'sha256'}`]),
  ].join(' ');
}

function enrollCommand({ name }: NodeProfile, certifyUrl: string): string {
  const body = `printf '{"seed":"%s","profile":"%s","csr":"%s"}' "$SEED" ${shellWord(name)} "$(sed 's/$/\\\\n/' csr.pem | tr -d '\\n')"`;
  return `${body} | curl -fsS --cacert ca.crt -H 'Content-Type: application/json' -H 'Accept: application/pem-certificate-chain' --data-binary @- -o fullchain.pem ${shellWord(certifyUrl)}`;
}

/** A value in OpenSSL's `/type=value` notation. */
function subjectText(value: string): string {
  return value.replace(/[\\/+]/g, '\\$&');
}

/**
 * A name in OpenSSL's configuration notation, for `-addext`. The notation has no commas, so a name with a comma is left out: the
 * certificate has the registered names anyway.
 */
function sanText({ type, value }: SubjectName): string[] {
  if (value.includes(',')) return [];
  const label = type === 'email' ? type : type.toUpperCase();
  return [`${label}:${value.replace(/[\\$#"'`]/g, '\\$&')}`];
}
