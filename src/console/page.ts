/** What every page gets. */
export interface PageProps {
  /** The part of the address after the page's name, decoded. */
  reference: string;
  /** Whether the one who looks may revoke, and change nodes and accounts. */
  operates: boolean;
  /** Whether the one who looks may decide who administers. */
  administers: boolean;
}
