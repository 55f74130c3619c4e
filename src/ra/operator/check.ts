import type { CertificateAuthority } from '../../model/ca.js';
import { parseIdentifier } from '../../model/identifiers.js';
import { Problem } from '../../model/problem.js';
import { Refused } from '../../model/refusal.js';
import type { Examiner, Observation } from '../../va/types.js';
import { constraintsText, isPermitted } from '../../x509/name-constraints.js';
import { NamePolicy } from '../name-policy.js';
import { chooseProfile, type Policy } from '../policy.js';

export interface NameCheckOptions {
  policy: Policy;
  ca: Pick<CertificateAuthority, 'profiles'>;
  /** The faults that keep the CA from working, including clocks that disagree, as sentences. @throws CaUnavailable, CaRefused */
  troubles(): Promise<string[]>;
  validator: Examiner;
  clock(): number;
}

export interface CheckedName {
  name: string;
  findings: {
    step: Observation['step'] | 'policy' | 'profile' | 'ca' | 'clock';
    target: string;
    outcome: string;
    ok: boolean;
  }[];
  /** Profile a certificate would be issued with; null when none would be issued. */
  profile: string | null;
}

/** `upki check`: whether a name would get a certificate, and if not, the reason. */
export class NameCheck {
  constructor(private readonly options: NameCheckOptions) {}

  /** @throws Refused for text that is no name */
  async check(asked: string, wantedProfile?: string): Promise<CheckedName> {
    const { policy, validator, clock } = this.options;
    const identifier = read(asked);
    const wildcard = identifier.value.startsWith('*.');
    const [seen, authority] = await Promise.all([
      validator.examine({
        identifier: wildcard ? { ...identifier, value: identifier.value.slice(2) } : identifier,
        wildcard,
      }),
      this.#authority(wantedProfile),
    ]);
    const findings: CheckedName['findings'] = [
      { step: 'policy', target: identifier.value, ...decision(policy, identifier) },
      ...seen,
      ...authority.findings(new Date(clock()).toISOString()),
    ];
    // A wildcard can be proven only by dns-01. Other names can be proven by dns-01 too, but not every client supports it.
    const dialing: readonly string[] = wildcard ? ['dns-01'] : ['http-01', 'tls-alpn-01'];
    const isReachable = seen.some(({ step, ok }) => ok && dialing.includes(step));
    const others = findings.filter(({ step }) => !WAYS.includes(step));
    const isGood = isReachable && others.every(({ ok }) => ok);
    return { name: identifier.value, findings, profile: isGood ? authority.profile : null };
  }

  async #authority(
    wanted: string | undefined,
  ): Promise<{ profile: string | null; findings(time: string): CheckedName['findings'] }> {
    const { ca, policy, troubles } = this.options;
    const target = wanted ?? policy.defaultProfile;
    try {
      const wrong = await troubles();
      const skew = wrong.find((sentence) => sentence.includes('clock')) ?? null;
      const { name } = chooseProfile(wanted, await ca.profiles('now'), policy.defaultProfile);
      return {
        profile: name,
        findings: (time) => [
          { step: 'clock', target: 'RA', outcome: skew ?? `${time}, the CA agrees`, ok: skew === null },
          ...wrong
            .filter((sentence) => sentence !== skew)
            .map((outcome) => ({ step: 'ca' as const, target: name, outcome, ok: false })),
          { step: 'profile', target: name, outcome: 'on offer', ok: true },
        ],
      };
    } catch (error) {
      const outcome = error instanceof Problem ? error.detail : 'the certificate authority does not answer';
      return {
        profile: null,
        findings: (time) => [
          { step: 'clock', target: 'RA', outcome: time, ok: true },
          { step: 'ca', target, outcome, ok: false },
        ],
      };
    }
  }
}

/** Steps of which one must succeed: there are several challenges, and several resolvers. */
const WAYS: readonly string[] = ['resolver', 'dns-01', 'http-01', 'tls-alpn-01'];

function read(asked: string) {
  try {
    const isAddress = /^[\d.]+$|:/.test(asked);
    return parseIdentifier({ type: isAddress ? 'ip' : 'dns', value: asked });
  } catch (error) {
    if (error instanceof Problem) throw new Refused('invalidRequest', error.detail, { field: 'name' });
    throw error;
  }
}

/** The list entry that decides, found by checking each entry separately. */
function decision(policy: Policy, identifier: ReturnType<typeof read>): { outcome: string; ok: boolean } {
  const refuses = (lists: { allowed: string[]; denied: string[] }) => {
    try {
      new NamePolicy(lists).check([identifier]);
      return false;
    } catch {
      return true;
    }
  };
  const constraints = policy.constraints();
  if (!isPermitted(identifier, constraints))
    return {
      outcome: `outside of what the CA's issuer may certify: ${constraintsText(constraints)}`,
      ok: false,
    };
  const denied = policy.denied.find((entry) => refuses({ allowed: [], denied: [entry] }));
  if (denied !== undefined) return { outcome: `denied by "${denied}" of UPKI_RA_DENY`, ok: false };
  if (policy.allowed.length === 0) return { outcome: 'allowed: UPKI_RA_ALLOW is empty', ok: true };
  const allowed = policy.allowed.find((entry) => !refuses({ allowed: [entry], denied: [] }));
  if (allowed === undefined) return { outcome: 'nothing in UPKI_RA_ALLOW allows it', ok: false };
  return { outcome: `allowed by "${allowed}" of UPKI_RA_ALLOW`, ok: true };
}
