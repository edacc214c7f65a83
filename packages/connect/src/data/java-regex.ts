import type { Validator } from '../config/config-key.ts'
import { connectError } from '../errors.ts'

const posix: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`{-~',
  Space: ' \\t\\n\\v\\f\\r',
  XDigit: '0-9a-fA-F',
  ASCII: '\\0-\\x7f',
}
const inlineFlags: Readonly<Record<string, string>> = { i: 'i', s: 's', m: 'm', u: '' }

/**
 * A regular expression of Java's, as far as JavaScript's can say the same: flags at the beginning (`(?i)`), quotations
 * (`\Q...\E`), POSIX classes and `\A`, `\z` are translated; possessive quantifiers, atomic groups and intersections of
 * classes are refused.
 */
export class JavaRegex {
  readonly #whole: RegExp
  readonly #part: RegExp

  /** @throws SyntaxError */
  constructor(pattern: string) {
    const { source, flags } = translate(pattern)
    this.#part = new RegExp(source, flags)
    this.#whole = new RegExp(`^(?:${source})$`, flags.replace('m', ''))
  }

  /** Whether all of the text matches. */
  matches(text: string): boolean {
    return this.#whole.test(text)
  }

  /** Replaces the first match in the way of Java's `Matcher.replaceFirst`. */
  replacer(replacement: string): (text: string) => string {
    return (text) => {
      const match = this.#part.exec(text)
      if (!match) return text
      return text.slice(0, match.index) + expand(replacement, match) + text.slice(match.index + match[0].length)
    }
  }
}

export const validRegex = ((pattern: string) => {
  try {
    new JavaRegex(pattern)
    return undefined
  } catch (error) {
    return `Invalid regex: ${(error as Error).message}`
  }
}) as Validator

function translate(pattern: string): { source: string; flags: string } {
  let flags = /\\p\{|\\P\{/.test(pattern.replace(/\\[pP]\{(\w+)\}/g, (all, name) => (name in posix ? '' : all)))
    ? 'u'
    : ''
  const leading = /^\(\?([a-zA-Z]+)\)/.exec(pattern)
  for (const flag of leading?.[1] ?? '') {
    if (!(flag in inlineFlags)) throw new SyntaxError(`the flag ${flag} is not supported`)
    flags += inlineFlags[flag]
  }
  const rest = pattern.slice(leading?.[0].length ?? 0)
  if (/\(\?>|&&|[*+?]\+|\{[\d,]+\}\+/.test(rest.replace(/\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]/g, 'x'))) {
    throw new SyntaxError('possessive quantifiers, atomic groups and intersections are not supported')
  }
  return { source: rest.replace(/\\Q([\s\S]*?)(?:\\E|$)|\\([pP])\{(\w+)\}|\\([\s\S])|(\[)|(\])/g, translator()), flags }
}

/** Translates one escape after the other, knowing whether it stands in a character class. */
function translator(): (...match: string[]) => string {
  let isInClass = false
  return (all, quoted, p, name, escaped, open, close) => {
    if (quoted !== undefined) return quoted.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    if (open !== undefined) isInClass = true
    if (close !== undefined) isInClass = false
    if (name !== undefined) return posixClass(all!, p!, name, isInClass)
    if (isInClass || escaped === undefined) return all!
    if (escaped === 'A') return '^'
    return escaped === 'z' || escaped === 'Z' ? '$' : all!
  }
}

function posixClass(all: string, p: string, name: string, isInClass: boolean): string {
  const characters = posix[name]
  if (characters === undefined) return all
  if (!isInClass) return `[${p === 'P' ? '^' : ''}${characters}]`
  if (p === 'P') throw new SyntaxError(`\\P{${name}} in a class is not supported`)
  return characters
}

/** `$1` and `${name}` stand for groups, a backslash takes the next character as it is. */
function expand(replacement: string, match: RegExpExecArray): string {
  return replacement.replace(/\\([\s\S])|\$\{(\w+)\}|\$(\d+)|\$/g, (all, escaped, name, digits) => {
    if (escaped !== undefined) return escaped
    if (name !== undefined && match.groups && name in match.groups) return match.groups[name] ?? ''
    if (digits === undefined) throw unknownGroup(all)
    let length = digits.length
    // As many digits as make the number of a group.
    while (length > 1 && Number(digits.slice(0, length)) >= match.length) length--
    const group = Number(digits.slice(0, length))
    if (group >= match.length) throw unknownGroup(all)
    return (match[group] ?? '') + digits.slice(length)
  })
}

function unknownGroup(reference: string): Error {
  return connectError(
    'CONNECT_TRANSFORM_FAILED',
    `the replacement names a group that the pattern has not: ${reference}`,
  )
}
