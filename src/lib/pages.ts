/** Every page of a listing with a cursor; `read` is called with the `next` of the page before. */
export async function* pages<Page extends { next: string | null }>(
  read: (after: string | null) => Promise<Page>,
): AsyncGenerator<Page> {
  let after: string | null = null;
  do {
    const page: Page = await read(after);
    yield page;
    after = page.next;
  } while (after !== null);
}
