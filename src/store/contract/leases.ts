/** Leases for work that one process at a time does, among all on a store. */
export interface Leases {
  /**
   * Takes or renews the lease of this name until then; false while another process holds it. A lease that
   * ends an hour or more from `now` was taken with a wrong clock and is ignored.
   */
  takeLease(name: string, holder: string, now: number, until: number): Promise<boolean>;
}
