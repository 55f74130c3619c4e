export type Victim = 'ra' | 'ca' | 'both' | 'supervisor' | 'all';

/** Milliseconds; `after` counts from when the load began, `again.after` from the first kill. */
export interface Round {
  victim: Victim;
  after: number;
  /** A second kill, while what died is being started again. */
  again: { victim: 'ra' | 'ca' | 'both'; after: number } | null;
}
