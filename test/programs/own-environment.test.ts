import { expect, it } from 'vitest';
import { ownEnvironment } from '../../src/programs/own-environment.js';

const env = {
  PATH: '/bin',
  UPKI_CA_PASSPHRASE: 'secret',
  UPKI_CA_PASSPHRASE_FILE: '/secret',
  UPKI_CA_DATABASE_URL: 'postgres://ca',
  UPKI_CA_DATABASE_URL_FILE: '/url',
  UPKI_DATABASE_URL: 'postgres://ra',
  UPKI_RA_EAB_FILE: '/eab',
  UPKI_CA_SEED: 'seed',
  UPKI_LOG_LEVEL: 'info',
  UPKI_SOMETHING_ELSE: 'x',
};

it('an RA has nothing of the CA’s keys and database, and the CA nothing of the RA’s', () => {
  const names = (program: 'ra' | 'ca') => Object.keys(ownEnvironment(env, program));
  expect(names('ra')).toEqual([
    'PATH',
    'UPKI_DATABASE_URL',
    'UPKI_RA_EAB_FILE',
    'UPKI_CA_SEED',
    'UPKI_LOG_LEVEL',
    'UPKI_SOMETHING_ELSE',
  ]);
  expect(names('ca')).toEqual([
    'PATH',
    'UPKI_CA_PASSPHRASE',
    'UPKI_CA_PASSPHRASE_FILE',
    'UPKI_CA_DATABASE_URL',
    'UPKI_CA_DATABASE_URL_FILE',
    'UPKI_CA_SEED',
    'UPKI_LOG_LEVEL',
    'UPKI_SOMETHING_ELSE',
  ]);
});
