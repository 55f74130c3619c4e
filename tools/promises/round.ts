export type Victim = 'ra' | 'ca' | 'both' | 'supervisor' | 'all';

/** Milliseconds; `after` counts from the start of the load, `again.after` from the first kill. */
export interface Round {
  victim: Victim;
  after: number;
  /** A second kill, while the killed program is restarting. */
  again: { victim: 'ra' | 'ca' | 'both'; after: number } | null;
}
