import type { StoreKind } from '../contract/open.js';

export interface CopyProgress {
  table: string;
  step: 'copied' | 'checked';
  rows: number;
  of: number;
}

export interface Copied {
  kind: StoreKind;
  tables: { name: string; rows: number }[];
}
