import { z } from 'zod';
import { shellWord } from '../../../lib/shell-word.js';
import type { CertificateAuthority } from '../../../model/ca.js';
import { Refused } from '../../../model/refusal.js';
import { nodeNames, nodeProfile } from '../../../ra/nodes/node-names.js';
import { calledName } from '../../../x509/certificate-names.js';
import { enrolmentCommands } from '../../enrolment/commands.js';
import { scriptUrl } from '../../enrolment/one-liner.js';
import { enrolmentScript } from '../../enrolment/script.js';
import { commonName, formatQuery, profileName } from '../../fields.js';
import { chooseFormat } from '../../format.js';
import { FileAnswer, publicRoute, type Route } from '../../route.js';
import { sansJson, sansQuery, sansResult } from '../../sans.js';

const FORMATS = { json: 'application/json', sh: 'text/x-shellscript' };

/** The common name in commands requested without a name. */
const PLACEHOLDER = 'YourName';

interface MagicOptions {
  ca: Pick<CertificateAuthority, 'caCertificates' | 'profile'>;
  /** Scheme, host and port of our URLs, by the request's Host. */
  baseUrl(host: string | undefined): string;
}

/** The commands with which a machine gets a certificate, using only curl and openssl. */
export function magicRoute({ ca, baseUrl }: MagicOptions): Route {
  const wanted = async (name: string, cn: string, sans: z.output<typeof sansQuery>) => {
    const profile = await nodeProfile(ca, name, 'notFound');
    return { profile, names: nodeNames(profile, cn, sans) };
  };
  return publicRoute('GET', '/public/magic/{profile}', {
    summary:
      'The commands that make a key and a CSR of the profile and enrol them with a seed; with `format=sh` one script that does it.',
    params: z.strictObject({ profile: profileName }),
    query: formatQuery(FORMATS).extend({
      cn: commonName.optional().describe('Common name; a placeholder when absent'),
      sans: sansQuery.optional(),
    }),
    files: [FORMATS.sh],
    failures: { 403: 'The profile is not for nodes.' },
    result: z.object({
      profile: z.string(),
      cn: z.string(),
      sans: sansResult,
      commands: z.object({
        generate_key: z.string(),
        generate_csr: z.string(),
        enroll: z.string().describe('With the seed in SEED and the root certificate in ca.crt'),
      }),
      script: z.string().describe('All in one line, with the root certificate in ca.crt'),
    }),
    async handle({ path, query, request, reply }) {
      const { cn, sans = [] } = query;
      const format = chooseFormat(FORMATS, { query, request, reply });
      if (cn === undefined && format === 'sh') {
        throw new Refused('invalidRequest', 'a script needs to know the common name', { field: 'cn' });
      }
      const { profile, names } = await wanted(path.profile, cn ?? PLACEHOLDER, sans);
      const base = baseUrl(request.headers.host);
      const certifyUrl = `${base}/api/v1/public/certify`;
      const commands = enrolmentCommands(profile, names, certifyUrl);
      if (format === 'sh') {
        const { root } = await ca.caCertificates();
        const script = enrolmentScript({ commands, certifyUrl, profile: profile.name, root });
        return new FileAnswer(FORMATS.sh, script);
      }
      const node = { profile: profile.name, cn: calledName(names), names: names.names };
      return {
        profile: profile.name,
        cn: cn === undefined ? PLACEHOLDER : node.cn,
        sans: sansJson(names.names),
        commands,
        script: `curl -fsS --cacert ca.crt ${shellWord(scriptUrl(base, node))} | sh -s -- --seed "$SEED"`,
      };
    },
  });
}
