/** The texts around the placeholders of a statement, for clients that take values by their own means. */
export function splitAtPlaceholders(text: string): string[] {
  return text.split(/\$\d+|\?/)
}
