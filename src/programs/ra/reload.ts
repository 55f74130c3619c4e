import type { Logger } from 'pino';
import type { AcmeSettings } from '../../acme/context.js';
import { redacted } from '../../config/index.js';
import { errorMessage } from '../../lib/error-message.js';
import { SingleFlight } from '../../lib/single-flight.js';
import { Refused } from '../../model/refusal.js';
import type { Limits } from '../../ra/limits/limits.js';
import { NameList, NamePolicy } from '../../ra/name-policy.js';
import type { Policy } from '../../ra/policy.js';
import type { RaStore } from '../../store/index.js';
import type { ChangeableValidator } from '../../va/changeable.js';
import type { ValidatorOptions } from '../../va/validator.js';
import { CannotStart } from '../exit.js';
import type { ProgramSettings } from '../settings.js';
import { compromisedKeysOf, limitsOf, policyOf } from './policy.js';
import type { RuleCheck } from './rule-check.js';
import {
  changed,
  type KeptRules,
  keep,
  keptText,
  listed,
  type RuleChange,
  readKept,
  settingsWith,
} from './rules.js';

interface RulesOptions {
  store: Pick<RaStore, 'getSetting' | 'replaceSetting' | 'shared'>;
  dataDir: string;
  /** The policy of orders and nodes; changed in place. */
  policy: Policy;
  /** The ACME front end's metadata; changed in place. */
  served: AcmeSettings;
  front(settings: ProgramSettings): AcmeSettings;
  /** The settings in effect, redacted; changed in place. */
  shown: Record<string, string>;
  limits: Limits;
  validator: ChangeableValidator;
  validatorOptions(settings: ProgramSettings): ValidatorOptions;
  /** Checks that the CA can do what the settings ask for. */
  check: RuleCheck;
  /** URL of the terms of service. */
  terms(): string;
  useCompromised(isListed: (fingerprint: string) => boolean): void;
  log: Logger;
}

/** How often an RA looks for changes by other RAs, in ms. */
const LOOK_EVERY = 2_000;
/** How often a change is tried again after a conflict with another change. */
const TRIES = 20;

/**
 * The rules of an RA: its settings and files, overridden by the rules that the database has for all RAs. A change takes effect only
 * after all rules were read and checked; if one is wrong, the old rules stay in effect.
 */
export class RunningRules {
  /** Text of the stored rules that were applied last. */
  #text = '';
  #timer: NodeJS.Timeout | null = null;
  readonly #looking = new SingleFlight(() => this.#look());

  constructor(private readonly options: RulesOptions) {}

  /**
   * Applies the stored rules, and starts to look for changes by other RAs. A wrong stored rule prevents that the RA serves. A command
   * continues without the stored rules, so that it can correct them.
   * @throws CannotStart, StoreUnavailable
   */
  async start(mode: 'serve' | 'command'): Promise<void> {
    this.#text = await keptText(this.options.store);
    if (this.#text !== '') await this.#takeUp(mode);
    if (this.options.store.shared === null) return;
    this.#timer = setInterval(() => void this.#looking.join(), LOOK_EVERY);
    this.#timer.unref();
  }

  async #takeUp(mode: 'serve' | 'command'): Promise<void> {
    try {
      (await this.#prepare(readKept(this.#text)))();
    } catch (error) {
      const sentence = `the database keeps a rule that cannot be used: ${errorMessage(error)}`;
      if (mode === 'command') return this.options.log.warn(sentence);
      throw new CannotStart(`${sentence}. Change it with \`upki rules\`, which needs no running RA`);
    }
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
  }

  /** Reads this RA's own settings and files anew, and asks the others to do the same. @throws Error saying what is wrong, and that kept the old rules */
  async reload(): Promise<void> {
    const { store } = this.options;
    if (store.shared === null) return (await this.#prepare(readKept(await keptText(store))))();
    await this.#replace(
      (kept) => ({ ...kept, asked: kept.asked + 1 }),
      (kept) => this.#prepare(kept),
    );
  }

  /** The current rules, and which of them are stored in the database. */
  async list(): Promise<{ settings: ReturnType<typeof listed>; compromisedKeys: string[] }> {
    const kept = readKept(await keptText(this.options.store));
    return { settings: listed(this.options.shown, kept), compromisedKeys: kept.compromisedKeys };
  }

  /** Changes the stored rules: here at once, at every other RA within two seconds. @throws Refused; nothing has changed then */
  change(change: RuleChange): Promise<void> {
    return this.#replace(
      (kept) => changed(kept, change),
      (kept) => this.#prepared(kept),
    );
  }

  /**
   * Stores the rules that `next` derives from the stored ones, and applies them. After a conflict with another change, here or at
   * another RA, it is repeated with the rules of that change. @throws Refused `conflict` after too many conflicts
   */
  async #replace(
    next: (kept: KeptRules) => KeptRules,
    prepare: (kept: KeptRules) => Promise<() => void>,
  ): Promise<void> {
    const { store } = this.options;
    for (let tries = 1; tries <= TRIES; tries += 1) {
      const before = await keptText(store);
      const rules = next(readKept(before));
      const apply = await prepare(rules);
      const text = await keep(store, before, rules);
      if (text === null) continue;
      this.#text = text;
      return apply();
    }
    throw new Refused('conflict', 'the rules are being changed; try again later');
  }

  async #prepared(kept: KeptRules): Promise<() => void> {
    try {
      return await this.#prepare(kept);
    } catch (error) {
      throw new Refused('unprocessable', `the old rules are kept: ${errorMessage(error)}`);
    }
  }

  /** Reads and checks all rules; returns the function that applies them. @throws ConfigError, CannotStart, Error */
  async #prepare(kept: KeptRules): Promise<() => void> {
    const { policy, served, shown, limits, validator, terms, useCompromised, log, dataDir } = this.options;
    const settings = settingsWith(kept, dataDir);
    const rules = policyOf(settings, terms(), policy.constraints);
    const front = this.options.front(settings);
    const inFile = compromisedKeysOf(settings);
    const inDatabase = new Set(
      kept.compromisedKeys.map((key) => Buffer.from(key, 'hex').toString('base64url')),
    );
    new NamePolicy(rules);
    new NameList(rules.http01Names);
    await this.options.check(settings);
    const useValidator = validator.change(this.options.validatorOptions(settings));
    return () => {
      Object.assign(policy, rules);
      Object.assign(served, front);
      useCompromised((fingerprint) => inFile(fingerprint) || inDatabase.has(fingerprint));
      limits.change(limitsOf(settings));
      useValidator();
      Object.assign(shown, redacted(settings, 'ra'));
      log.info('the rules were read anew');
    };
  }

  /** Applies a change by another RA. Never rejects: errors are logged, and the rules are read again after the next change. */
  async #look(): Promise<void> {
    const { store, log } = this.options;
    try {
      const text = await keptText(store);
      if (text === this.#text) return;
      this.#text = text;
      (await this.#prepare(readKept(text)))();
    } catch (error) {
      log.error({ err: error }, 'the old rules are kept');
    }
  }
}
