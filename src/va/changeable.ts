import { createValidator, type RunningValidator, type ValidatorOptions } from './validator.js';

/**
 * A validator whose resolvers, addresses and ports can be changed while it runs; running validations continue
 * with the old ones.
 */
export class ChangeableValidator implements RunningValidator {
  #current: RunningValidator;
  #started = false;

  /** @throws Error naming a CIDR that is none */
  constructor(options: ValidatorOptions) {
    this.#current = createValidator(options);
  }

  /**
   * Prepares the change, which takes effect when the returned function is called.
   * @throws as the constructor
   */
  change(options: ValidatorOptions): () => void {
    const next = createValidator(options);
    return () => {
      const former = this.#current;
      this.#current = next;
      if (!this.#started) return;
      next.start();
      former.stop();
    };
  }

  get isDnsSilent(): boolean {
    return this.#current.isDnsSilent;
  }

  validate: RunningValidator['validate'] = (request, signal) => this.#current.validate(request, signal);
  checkCaa: RunningValidator['checkCaa'] = (request) => this.#current.checkCaa(request);
  examine: RunningValidator['examine'] = (name) => this.#current.examine(name);

  start(): void {
    this.#started = true;
    this.#current.start();
  }

  stop(): void {
    this.#started = false;
    this.#current.stop();
  }
}
