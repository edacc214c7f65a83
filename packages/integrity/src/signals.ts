/** What the two topics say about one value that is referred to; travels under that value as text. */
export type Signal =
  | {
      readonly kind: 'parent'
      readonly present: boolean
      /** Which record has the value, where it is a field: it may go from one record to another, and either may be read first. */
      readonly holder?: string
    }
  | { readonly kind: 'reference'; readonly held: boolean; readonly child: unknown; readonly parent: unknown }

/** Values are compared by their text: an order's `7` refers to the customer `"7"`. */
export function referenceText(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)
}
