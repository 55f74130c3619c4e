/**
 * Whether a request's `Accept` names HTML, as every browser's does (RFC 9110 §12.5.1). A program that accepts
 * anything does not ask for a page.
 */
export function asksForHtml(accept: string | undefined): boolean {
  return (accept ?? '')
    .toLowerCase()
    .split(',')
    .some((each) => {
      const [type = '', ...parameters] = each.split(';').map((part) => part.trim());
      return type === 'text/html' && !parameters.some((part) => /^q=0(\.0*)?$/.test(part));
    });
}
