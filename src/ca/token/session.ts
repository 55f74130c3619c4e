import { errorMessage } from '../../lib/error-message.js';
import { CK, CKA, CKR, codeOf, type Handle, type Library } from './pkcs11.js';
import { type KeyPlace, TokenError } from './protocol.js';
import type { TokenUri } from './uri.js';

/** Limit of matching keys that are read: two are enough to report an ambiguous URI. */
const MOST = 16;

/** Sessions with the tokens of one library: each is opened and logged in once, and again after the token was absent. */
export class TokenSessions {
  readonly #sessions = new Map<string, Handle>();
  /** Refused PINs. They are not tried again, because a token locks itself after a few attempts. */
  readonly #refused = new Set<string>();
  #initialized = false;

  constructor(private readonly lib: Library) {}

  /**
   * Runs an operation in a session of the token. If it fails, runs it once more in a new session: the token
   * may have been reconnected.
   * @throws TokenError
   */
  within<T>(place: KeyPlace, work: (session: Handle) => T): T {
    try {
      return work(this.#open(place));
    } catch (error) {
      if (error instanceof TokenError && error.trouble !== 'absent') throw error;
      this.reset();
      try {
        return work(this.#open(place));
      } catch (again) {
        if (again instanceof TokenError) throw again;
        throw new TokenError('absent', `the token failed: ${errorMessage(again)}`);
      }
    }
  }

  /** Drops every session. A library looks for tokens only when it is initialised. */
  reset(): void {
    this.#sessions.clear();
    if (!this.#initialized) return;
    this.#initialized = false;
    try {
      this.lib.C_Finalize();
    } catch {
      // The library is initialised again in any case.
    }
  }

  #open({ uri, pin }: KeyPlace): Handle {
    this.#initialize();
    const name = JSON.stringify([uri.token, uri.slotId]);
    const known = this.#sessions.get(name);
    if (known !== undefined) return known;
    const session = this.lib.C_OpenSession(this.#slotOf(uri), CK.serialSession | CK.rwSession);
    this.#login(session, name, pin);
    this.#sessions.set(name, session);
    return session;
  }

  #initialize(): void {
    if (this.#initialized) return;
    try {
      this.lib.C_Initialize({ flags: CK.osLocking });
    } catch (error) {
      if (codeOf(error) !== CKR.alreadyInitialized) throw error;
    }
    this.#initialized = true;
  }

  #slotOf({ token, slotId }: TokenUri): Handle {
    const wanted = Object.entries({ ...token });
    const found = this.lib.C_GetSlotList(true).filter((slot) => {
      if (slotId !== null && slot.readUInt32LE(0) !== slotId) return false;
      const info = this.lib.C_GetTokenInfo(slot);
      const facts = {
        token: info.label,
        manufacturer: info.manufacturerID,
        serial: info.serialNumber,
        model: info.model,
      };
      return wanted.every(([name, value]) => facts[name as keyof typeof facts].trimEnd() === value);
    });
    const [slot] = found;
    const named = wanted.map(([name, value]) => `${name} "${value}"`).join(', ') || 'any token';
    if (slot === undefined) throw new TokenError('absent', `no token is there with ${named}`);
    if (found.length > 1)
      throw new TokenError(
        'setup',
        `${found.length} tokens are there with ${named}: say which, by its serial`,
      );
    return slot;
  }

  #login(session: Handle, name: string, pin: string | null): void {
    if (pin === null) return;
    const attempt = `${name} ${pin}`;
    if (this.#refused.has(attempt))
      throw new TokenError(
        'pin',
        'the token has refused this PIN: it is not tried again, so that the token does not lock itself',
      );
    try {
      this.lib.C_Login(session, CK.user, pin);
    } catch (error) {
      const code = codeOf(error);
      if (code === CKR.userAlreadyLoggedIn) return;
      if (code !== CKR.pinIncorrect && code !== CKR.pinLocked) throw error;
      this.#refused.add(attempt);
      throw new TokenError(
        'pin',
        code === CKR.pinLocked ? 'the PIN of the token is locked' : 'the token refuses the PIN',
      );
    }
  }

  /** The key that a URI names; null when there is none. @throws TokenError when there are several */
  find(session: Handle, { object, id }: TokenUri, kind: 'public' | 'private'): Handle | null {
    const template = [
      { type: CKA.class, value: kind === 'public' ? CK.publicKey : CK.privateKey },
      ...(object === null ? [] : [{ type: CKA.label, value: object }]),
      ...(id === null ? [] : [{ type: CKA.id, value: Buffer.from(id, 'hex') }]),
    ];
    this.lib.C_FindObjectsInit(session, template);
    const found: Handle[] = [];
    try {
      found.push(...this.lib.C_FindObjects(session, MOST));
    } finally {
      this.lib.C_FindObjectsFinal(session);
    }
    if (found.length > 1)
      throw new TokenError('setup', `${found.length} keys in the token are meant: name one by object and id`);
    return found[0] ?? null;
  }
}
