/** Work that one process at a time does, of all that are on a store. */
export interface Leases {
  /**
   * Takes the lease of this name until then, or takes it again; false while another holds it. One that ends an hour or more from
   * `now` was taken with a wrong clock and holds nobody up.
   */
  takeLease(name: string, holder: string, now: number, until: number): Promise<boolean>;
}
