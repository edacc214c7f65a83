const delimiters = ':,{}[]"'

/** Text cut at delimiters that no backslash escapes; each delimiter is a token of its own. */
export class ValueTokens {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#tokens = split(text)
  }

  get hasNext(): boolean {
    return this.#at < this.#tokens.length
  }

  mark(): number {
    return this.#at
  }

  rewind(mark: number): void {
    this.#at = mark
  }

  next(): string {
    return this.#tokens[this.#at++] ?? ''
  }

  /** The text of the next so many tokens; undefined where there are not as many. */
  nextText(count: number): string | undefined {
    if (this.#at + count > this.#tokens.length) return undefined
    this.#at += count
    return this.#tokens.slice(this.#at - count, this.#at).join('')
  }

  /** Steps over the next token if it is this one; blank ones before it are skipped, whether it is or not. */
  take(expected: string): boolean {
    while (this.#at < this.#tokens.length - 1 && this.#tokens[this.#at]!.trim() === '') this.#at++
    if (this.#tokens[this.#at]?.trim() !== expected) return false
    this.#at++
    return true
  }
}

function split(text: string): string[] {
  const tokens: string[] = []
  let start = 0
  let isEscaped = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!
    if (isEscaped) isEscaped = false
    else if (character === '\\') isEscaped = true
    else if (delimiters.includes(character)) {
      if (start < at) tokens.push(text.slice(start, at))
      tokens.push(character)
      start = at + 1
    }
  }
  if (start < text.length) tokens.push(text.slice(start))
  return tokens
}
