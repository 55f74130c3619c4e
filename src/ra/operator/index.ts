import type { Account } from '../../model/facts.js';
import { OperatorAccounts } from './accounts.js';
import { OperatorCertificates, type OperatorCertificatesOptions } from './certificates.js';
import { NameCheck, type NameCheckOptions } from './check.js';

interface OperatorOptions extends OperatorCertificatesOptions, NameCheckOptions {
  ca: OperatorCertificatesOptions['ca'] & NameCheckOptions['ca'];
  /** Ends the account wherever this RA remembers it; null when there is none. */
  stopAccount(id: string): Promise<Account | null>;
}

/** The operators' actions and views, behind the private routes of REST. */
export interface Operator {
  certificates: Pick<OperatorCertificates, 'search' | 'show' | 'revoke' | 'hold' | 'endHold'>;
  accounts: Pick<OperatorAccounts, 'list' | 'show' | 'stop'>;
  checks: Pick<NameCheck, 'check'>;
  failures: Pick<OperatorOptions['store'], 'listFailures'>;
}

export function createOperator(options: OperatorOptions): Operator {
  const certificates = new OperatorCertificates(options);
  const accounts = new OperatorAccounts({ ...options, certificates });
  return { certificates, accounts, failures: options.store, checks: new NameCheck(options) };
}
