import { createRequire } from 'node:module';

/** The part of `pkcs11js` that we use. The package is optional: only a token needs it, and the compiler to install it. */

export type Handle = Buffer;
export interface TokenAttribute {
  type: number;
  value?: Buffer | boolean | number | string;
}

export interface Library {
  load(path: string): void;
  C_Initialize(options?: { flags: number }): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Handle[];
  C_GetTokenInfo(slot: Handle): {
    label: string;
    manufacturerID: string;
    model: string;
    serialNumber: string;
  };
  C_OpenSession(slot: Handle, flags: number): Handle;
  C_CloseSession(session: Handle): void;
  C_Login(session: Handle, user: number, pin: string): void;
  C_FindObjectsInit(session: Handle, template: TokenAttribute[]): void;
  C_FindObjects(session: Handle, most: number): Handle[];
  C_FindObjectsFinal(session: Handle): void;
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: TokenAttribute[],
  ): { type: number; value: Buffer }[];
  C_GenerateKeyPair(
    session: Handle,
    mechanism: { mechanism: number; parameter: null },
    publicKey: TokenAttribute[],
    privateKey: TokenAttribute[],
  ): { publicKey: Handle; privateKey: Handle };
  C_SignInit(session: Handle, mechanism: { mechanism: number; parameter: null }, key: Handle): void;
  C_Sign(session: Handle, data: Buffer, room: Buffer): Buffer;
}

/** PKCS #11 v3.0, names as there. */
export const CK = {
  serialSession: 4,
  rwSession: 2,
  osLocking: 2,
  user: 1,
  contextSpecific: 2,
  publicKey: 2,
  privateKey: 3,
} as const;

export const CKA = {
  class: 0x0,
  token: 0x1,
  private: 0x2,
  label: 0x3,
  keyType: 0x100,
  id: 0x102,
  sensitive: 0x103,
  sign: 0x108,
  verify: 0x10a,
  modulus: 0x120,
  modulusBits: 0x121,
  publicExponent: 0x122,
  extractable: 0x162,
  ecParams: 0x180,
  ecPoint: 0x181,
  alwaysAuthenticate: 0x202,
} as const;

export const CKM = {
  rsaKeyPair: 0x0,
  rsaPkcs: 0x1,
  ecKeyPair: 0x1040,
  ecdsa: 0x1041,
  edwardsKeyPair: 0x1055,
  eddsa: 0x1057,
} as const;

export const CKR = {
  pinIncorrect: 0xa0,
  pinLocked: 0xa4,
  userAlreadyLoggedIn: 0x100,
  alreadyInitialized: 0x191,
} as const;

/** The package is installed beside the program, or with it. @throws when it is not there, or was not built */
export function loadPackage(): Library {
  const { PKCS11 } = createRequire(import.meta.url)('pkcs11js') as { PKCS11: new () => Library };
  return new PKCS11();
}

/** The result code of the library; null: it was no error of it. */
export function codeOf(error: unknown): number | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : null;
}
