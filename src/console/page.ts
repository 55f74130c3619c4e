/** The properties of every page. */
export interface PageProps {
  /** The part of the address after the page's name, decoded. */
  reference: string;
  /** Whether the user may revoke certificates and change nodes and accounts. */
  operates: boolean;
  /** Whether the user may change the list of administrators. */
  administers: boolean;
}
